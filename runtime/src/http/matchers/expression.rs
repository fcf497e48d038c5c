//! The matcher `expression`, as far as error routes need it: placeholders compared with whole numbers, joined by `&&`
//! and `||`. Anything else of CEL is refused by name.

use caddis_config::http::matchers::Expression as Config;

use crate::{
    build::{Build, BuildError},
    error::Outcome,
    http::{Exchange, route::Matcher},
    placeholder::{Key, Scope},
};

#[derive(Debug, PartialEq)]
enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Compare(Key, Operator, i64),
    In(Key, Vec<i64>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

pub(super) fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Matcher>, BuildError> {
    let mut parser = Parser { rest: &config.expr, cx };
    match parser.any() {
        Some(expression) if parser.rest.trim_start().is_empty() => Ok(Box::new(expression)),
        _ => Err(cx.unsupported(&format!("the expression {:?}", config.expr))),
    }
}

impl Matcher for Expression {
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool> {
        Ok(self.holds(&Scope::from(&*exchange)))
    }
}

impl Expression {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        match self {
            Expression::Any(members) => members.iter().any(|member| member.holds(scope)),
            Expression::All(members) => members.iter().all(|member| member.holds(scope)),
            Expression::Compare(key, operator, number) => {
                number_of(key, *scope).is_some_and(|value| operator.holds(value, *number))
            }
            Expression::In(key, numbers) => {
                number_of(key, *scope).is_some_and(|value| numbers.contains(&value))
            }
        }
    }
}

/// `None` for what is no whole number: then no comparison holds.
fn number_of<'a>(key: &'a Key, scope: Scope<'a>) -> Option<i64> {
    key.value(&scope)?.parse().ok()
}

impl Operator {
    fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Less => left < right,
            Operator::AtMost => left <= right,
            Operator::Greater => left > right,
            Operator::AtLeast => left >= right,
        }
    }
}

/// Reads an expression; `None` for what is not understood.
struct Parser<'a> {
    rest: &'a str,
    cx: &'a Build,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Option<Expression> {
        let mut members = vec![self.all()?];
        while self.take("||") {
            members.push(self.all()?);
        }
        Some(if members.len() == 1 { members.remove(0) } else { Expression::Any(members) })
    }

    fn all(&mut self) -> Option<Expression> {
        let mut members = vec![self.comparison()?];
        while self.take("&&") {
            members.push(self.comparison()?);
        }
        Some(if members.len() == 1 { members.remove(0) } else { Expression::All(members) })
    }

    fn comparison(&mut self) -> Option<Expression> {
        if self.take("(") {
            let inner = self.any()?;
            return self.take(")").then_some(inner);
        }
        let key = self.placeholder()?;
        if self.take("in") {
            return self.take("[").then(|| self.numbers())?.map(|numbers| Expression::In(key, numbers));
        }
        let operators = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let (_, operator) = operators.into_iter().find(|(text, _)| self.take(text))?;
        Some(Expression::Compare(key, operator, self.number()?))
    }

    /// Numbers with commas between them, and the closing bracket.
    fn numbers(&mut self) -> Option<Vec<i64>> {
        let mut numbers = Vec::new();
        if self.take("]") {
            return Some(numbers);
        }
        loop {
            numbers.push(self.number()?);
            if self.take("]") {
                return Some(numbers);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn number(&mut self) -> Option<i64> {
        let rest = self.rest.trim_start();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let end = rest.len() - digits.len() + digits.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = rest.split_at(end);
        // A fraction, an exponent, a suffix: another type.
        if rest.starts_with(|c: char| c == '.' || c.is_ascii_alphanumeric()) {
            return None;
        }
        self.rest = rest;
        number.parse().ok()
    }

    fn placeholder(&mut self) -> Option<Key> {
        let rest = self.rest.trim_start().strip_prefix('{')?;
        let (name, rest) = rest.split_once('}')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        self.rest = rest;
        Key::parse(name, self.cx).ok()
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.trim_start().strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::{
        error::Error,
        testing::{build, exchange},
    };

    fn holds(expr: &str, status: u16) -> bool {
        let config = Config { expr: expr.to_owned(), name: String::new() };
        let mut exchange = exchange("/", &[]);
        exchange.error = Some(Error::status_only(StatusCode::from_u16(status).unwrap()));
        super::build(&config, &mut build()).unwrap().matches(&mut exchange).unwrap()
    }

    #[test]
    fn what_error_routes_ask() {
        const CODE: &str = "{http.error.status_code}";
        for (expr, yes, no) in [
            (format!("{CODE} == 404"), 404, 405),
            (format!("{CODE} in [404, 410]"), 410, 404 + 1),
            (format!("{CODE} >= 400 && {CODE} <= 499"), 499, 500),
            (format!("{CODE} >= 500 && {CODE} <= 599 || {CODE} in [404]"), 404, 403),
            (format!("({CODE} == 404 || {CODE} == 500) && {CODE} != 404"), 500, 404),
            (format!("{CODE}in[404]"), 404, 400),
            (format!("{CODE} > 400 && {CODE} < 402"), 401, 402),
        ] {
            assert!(holds(&expr, yes), "{expr} {yes}");
            assert!(!holds(&expr, no), "{expr} {no}");
        }
    }

    #[test]
    fn a_value_that_is_no_number_fits_nothing() {
        assert!(!holds("{http.request.method} != 1", 404));
        assert!(!holds("{nobody.knows} == 0", 404));
    }

    #[test]
    fn the_rest_of_the_language_is_refused_by_name() {
        for expr in
            ["path('/a')", "{http.request.method} == 'GET'", "{a} == 1.5", "{a} == 1 &&", "{a} in [1", ""]
        {
            let config = Config { expr: expr.to_owned(), name: String::new() };
            let error = super::build(&config, &mut build()).err().unwrap();
            assert!(error.message.contains(&format!("{expr:?}")), "{error}");
        }
    }
}
