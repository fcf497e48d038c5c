//! From words to expressions.

use super::{
    Mistake, lex,
    lex::{Kind as Word, Token},
    macros,
    syntax::{Expr, Kind},
    value::Value,
};

/// Expressions may be this far within each other. Caddy goes to 250.
const MAX_HEIGHT: usize = 100;
/// Brackets may.
const MAX_DEPTH: usize = 50;

/// Names that are kept for other languages.
const RESERVED: [&str; 15] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
];

/// By precedence, the weakest first.
const BINARY: [&[&str]; 5] =
    [&["||"], &["&&"], &["<", "<=", ">=", ">", "==", "!=", "in"], &["+", "-"], &["*", "/", "%"]];

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Result<Expr, Mistake> {
    let mut parser = Parser { tokens: lex::tokens(text)?, next: 0, depth: 0 };
    let expr = parser.expr()?;
    match parser.peek() {
        Word::End => Ok(expr),
        _ => Err(parser.unexpected("the end")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Word {
        &self.tokens[self.next].kind
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    fn advance(&mut self) -> Token {
        let token = self.tokens[self.next].clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn is(&self, operator: &str) -> bool {
        match self.peek() {
            Word::Operator(found) => *found == operator,
            Word::Name(name) => name == operator && operator == "in",
            _ => false,
        }
    }

    fn take(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, operator: &str) -> Result<(), Mistake> {
        if self.take(operator) { Ok(()) } else { Err(self.unexpected(&format!("'{operator}'"))) }
    }

    fn unexpected(&self, expected: &str) -> Mistake {
        let found = match self.peek() {
            Word::Name(word) | Word::QuotedName(word) => format!("'{word}'"),
            Word::Int(digits) | Word::Uint(digits) | Word::Double(digits) => format!("'{digits}'"),
            Word::String(_) | Word::Bytes(_) => "a string".to_owned(),
            Word::Operator(operator) => format!("'{operator}'"),
            Word::End => "the end".to_owned(),
        };
        self.mistake(format!("Syntax error: {expected} was expected, not {found}"))
    }

    fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake { at: self.at(), message: message.into() }
    }

    fn expr(&mut self) -> Result<Expr, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(self.at(), MAX_DEPTH));
        }
        let condition = self.binary(0)?;
        let at = self.at();
        let expr = if self.take("?") {
            let yes = self.binary(0)?;
            self.expect(":")?;
            let no = self.expr()?;
            limited(Expr::call(at, "_?_:_", vec![condition, yes, no]))?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// Operators that bind at least as strongly as `weakest`, a place in [`BINARY`].
    fn binary(&mut self, weakest: usize) -> Result<Expr, Mistake> {
        let mut left = self.unary()?;
        loop {
            let at = self.at();
            let levels = BINARY.iter().enumerate().skip(weakest);
            let mut found = levels
                .flat_map(|(level, operators)| operators.iter().map(move |operator| (level, *operator)));
            let Some((level, operator)) = found.find(|(_, operator)| self.is(operator)) else {
                return Ok(left);
            };
            self.advance();
            let right = self.binary(level + 1)?;
            left = limited(joined(at, operator, left, right))?;
        }
    }

    fn unary(&mut self) -> Result<Expr, Mistake> {
        let at = self.at();
        for (operator, function) in [("!", "!_"), ("-", "-_")] {
            let is_literal = matches!(
                self.tokens.get(self.next + 1),
                Some(Token { kind: Word::Int(_) | Word::Double(_), .. })
            );
            if !self.is(operator) || operator == "-" && is_literal {
                continue;
            }
            let mut count = 0;
            while self.take(operator) {
                count += 1;
            }
            let operand = self.member()?;
            return if count % 2 == 1 {
                limited(Expr::call(at, function, vec![operand]))
            } else {
                Ok(operand)
            };
        }
        self.member()
    }

    fn member(&mut self) -> Result<Expr, Mistake> {
        let mut expr = self.primary()?;
        loop {
            let at = self.at();
            if self.take("[") {
                self.refuse_optional()?;
                let index = self.expr()?;
                self.expect("]")?;
                expr = Expr::call(at, "_[_]", vec![expr, index]);
            } else if self.take(".") {
                if self.is("?") {
                    return Err(Mistake { at, message: "unsupported syntax '.?'".to_owned() });
                }
                expr = match self.advance() {
                    Token { kind: Word::QuotedName(name), .. } => {
                        Expr::new(at, Kind::Select(Box::new(expr), name))
                    }
                    Token { kind: Word::Name(name), .. } if !is_word(&name) => {
                        let at_call = self.at();
                        if self.take("(") {
                            let args = self.list(")")?;
                            macros::member(at_call, expr, name, args)?
                        } else {
                            Expr::new(at, Kind::Select(Box::new(expr), name))
                        }
                    }
                    _ => {
                        self.next -= 1;
                        return Err(self.unexpected("a name"));
                    }
                };
            } else if self.is("{") && matches!(expr.kind, Kind::Select(..)) {
                return Err(message(at));
            } else {
                return Ok(expr);
            }
            expr = limited(expr)?;
        }
    }

    fn primary(&mut self) -> Result<Expr, Mistake> {
        let at = self.at();
        if self.take("(") {
            let inner = self.expr()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            self.refuse_optional()?;
            let members = self.members("]", Self::expr)?;
            return limited(Expr::new(at, Kind::List(members)));
        }
        if self.take("{") {
            self.refuse_optional()?;
            let entries = self.members("}", |parser| {
                let key = parser.expr()?;
                parser.expect(":")?;
                Ok((key, parser.expr()?))
            })?;
            return limited(Expr::new(at, Kind::Map(entries)));
        }
        let dot = self.take(".");
        if let Word::Name(name) = self.peek()
            && !is_word(name)
        {
            let name = name.clone();
            if RESERVED.contains(&name.as_str()) || matches!(name.as_str(), "void" | "while") {
                return Err(self.mistake(format!("reserved identifier: {name}")));
            }
            self.advance();
            return self.named(at, &name, dot);
        }
        if dot { Err(self.unexpected("a name")) } else { self.literal() }
    }

    /// A variable or a call.
    fn named(&mut self, at: usize, name: &str, dot: bool) -> Result<Expr, Mistake> {
        let at_call = self.at();
        if self.take("(") {
            let args = self.list(")")?;
            let name = if dot { format!(".{name}") } else { name.to_owned() };
            return limited(macros::global(at_call, name, args)?);
        }
        if self.is("{") {
            return Err(message(at_call));
        }
        Ok(Expr::new(at, Kind::Name(name.to_owned())))
    }

    fn refuse_optional(&self) -> Result<(), Mistake> {
        if self.is("?") { Err(self.mistake("unsupported syntax '?'")) } else { Ok(()) }
    }

    /// Arguments up to `end`, without a comma behind the last.
    fn list(&mut self, end: &str) -> Result<Vec<Expr>, Mistake> {
        let mut args = Vec::new();
        if self.take(end) {
            return Ok(args);
        }
        loop {
            args.push(self.expr()?);
            if self.take(end) {
                return Ok(args);
            }
            if !self.take(",") {
                return Err(self.unexpected(&format!("',' or '{end}'")));
            }
        }
    }

    /// Members up to `end`, with or without a comma behind the last.
    fn members<T>(
        &mut self,
        end: &str,
        read: impl Fn(&mut Self) -> Result<T, Mistake>,
    ) -> Result<Vec<T>, Mistake> {
        let mut members = Vec::new();
        while !self.take(end) {
            members.push(read(self)?);
            if !self.take(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(members)
    }

    fn literal(&mut self) -> Result<Expr, Mistake> {
        let at = self.at();
        let negative = self.take("-");
        let sign = if negative { "-" } else { "" };
        let invalid = |kind: &str| Mistake { at, message: format!("invalid {kind} literal") };
        let value = match self.peek().clone() {
            Word::Int(digits) => {
                let (digits, radix) = radix(&digits);
                i64::from_str_radix(&format!("{sign}{digits}"), radix)
                    .map(Value::Int)
                    .map_err(|_| invalid("int"))?
            }
            Word::Double(digits) => Value::Double(
                format!("{sign}{digits}")
                    .parse()
                    .ok()
                    .filter(|number: &f64| number.is_finite())
                    .ok_or_else(|| invalid("double"))?,
            ),
            _ if negative => return Err(self.unexpected("a value")),
            Word::Uint(digits) => {
                let (digits, radix) = radix(&digits);
                u64::from_str_radix(digits, radix).map(Value::Uint).map_err(|_| invalid("uint"))?
            }
            Word::String(text) => Value::string(text),
            Word::Bytes(bytes) => Value::Bytes(bytes.into()),
            Word::Name(name) if name == "true" => Value::Bool(true),
            Word::Name(name) if name == "false" => Value::Bool(false),
            Word::Name(name) if name == "null" => Value::Null,
            _ => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(Expr::new(at, Kind::Literal(value)))
    }
}

/// Two operands and what stands between them. A chain of `&&` or `||` is as flat as it looks.
fn joined(at: usize, operator: &str, mut left: Expr, right: Expr) -> Expr {
    let function = if operator == "in" { "@in".to_owned() } else { format!("_{operator}_") };
    match left.kind {
        Kind::Call { function: before, target: None, mut args }
            if before == function && matches!(operator, "&&" | "||") =>
        {
            args.push(right);
            Expr::call(left.at, &function, args)
        }
        kind => {
            left.kind = kind;
            Expr::call(at, &function, vec![left, right])
        }
    }
}

/// Names that are part of the grammar.
fn is_word(name: &str) -> bool {
    matches!(name, "true" | "false" | "null" | "in")
}

fn radix(digits: &str) -> (&str, u32) {
    digits.strip_prefix("0x").map_or((digits, 10), |hex| (hex, 16))
}

fn limited(expr: Expr) -> Result<Expr, Mistake> {
    if expr.height > MAX_HEIGHT { Err(too_deep(expr.at, MAX_HEIGHT)) } else { Ok(expr) }
}

fn message(at: usize) -> Mistake {
    let message = "messages are not supported in expressions; use functions such as duration()".to_owned();
    Mistake { at, message }
}

fn too_deep(at: usize, limit: usize) -> Mistake {
    Mistake { at, message: format!("expression recursion limit exceeded: {limit}") }
}
