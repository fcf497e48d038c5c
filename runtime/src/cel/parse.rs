//! From words to expressions.

use super::{
    Mistake, lex,
    lex::{Kind as Word, Token},
    macros,
    syntax::{Expr, Kind},
    value::Value,
};

/// Expressions may be this far within each other. Caddy counts in another way, and takes nothing deeper.
const MAX_HEIGHT: usize = 252;
/// Brackets, calls and operands on the right of an operator may, as in Caddy. Whatever calls itself here and in what
/// works on expressions later stays small on the stack: threads have 2 MiB, and builds for debugging need the most.
const MAX_DEPTH: usize = 250;

/// Names that are kept for other languages.
const RESERVED: [&str; 17] = [
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
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// By precedence, the weakest first.
const BINARY: [&[&str]; 5] =
    [&["||"], &["&&"], &["<", "<=", ">=", ">", "==", "!=", "in"], &["+", "-"], &["*", "/", "%"]];

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parser = Parser { tokens: lex::tokens(text)?, next: 0, depth: 0 };
    let expr = parser.expr()?;
    match parser.peek() {
        Word::End => Ok(expr),
        _ => Err(parser.unexpected("the end")),
    }
}

type Parsed = Result<Expr, Mistake>;

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

    /// Goes on to the next word; where the last one was.
    fn advance(&mut self) -> usize {
        let at = self.at();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        at
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

    fn expr(&mut self) -> Parsed {
        self.deeper(|parser| {
            let condition = parser.binary(0)?;
            if parser.is("?") { parser.conditional(condition) } else { Ok(condition) }
        })
    }

    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth == MAX_DEPTH {
            return Err(too_deep(self.at(), MAX_DEPTH));
        }
        self.depth += 1;
        let expr = parse(self);
        self.depth -= 1;
        expr
    }

    fn conditional(&mut self, condition: Expr) -> Parsed {
        let at = self.advance();
        let yes = self.binary(0)?;
        self.expect(":")?;
        limited(Expr::new(at, Kind::If(Box::new([condition, yes, self.expr()?]))))
    }

    /// Operators that bind at least as strongly as `weakest`, a place in [`BINARY`].
    fn binary(&mut self, weakest: usize) -> Parsed {
        let first = self.unary()?;
        if self.operator(weakest).is_none() { Ok(first) } else { self.chain(first, weakest) }
    }

    fn chain(&mut self, mut left: Expr, weakest: usize) -> Parsed {
        while let Some((level, operator)) = self.operator(weakest) {
            left = self.operand(left, level, operator)?;
        }
        Ok(left)
    }

    fn operator(&self, weakest: usize) -> Option<(usize, &'static str)> {
        let levels = BINARY.iter().enumerate().skip(weakest);
        let mut operators = levels.flat_map(|(level, of)| of.iter().map(move |operator| (level, *operator)));
        operators.find(|(_, operator)| self.is(operator))
    }

    fn operand(&mut self, left: Expr, level: usize, operator: &str) -> Parsed {
        let at = self.advance();
        let right = self.deeper(|parser| parser.binary(level + 1))?;
        limited(joined(at, operator, left, right))
    }

    fn unary(&mut self) -> Parsed {
        let is_number = matches!(
            self.tokens.get(self.next + 1),
            Some(Token { kind: Word::Int(_) | Word::Double(_), .. })
        );
        if self.is("!") {
            self.negated("!", "!_")
        } else if self.is("-") && !is_number {
            self.negated("-", "-_")
        } else {
            self.member()
        }
    }

    /// Two of the same operator undo each other.
    fn negated(&mut self, operator: &str, function: &str) -> Parsed {
        let (at, mut is_odd) = (self.at(), false);
        while self.take(operator) {
            is_odd = !is_odd;
        }
        let operand = self.member()?;
        if is_odd { limited(Expr::call(at, function, vec![operand])) } else { Ok(operand) }
    }

    fn member(&mut self) -> Parsed {
        let mut expr = self.primary()?;
        while matches!(self.peek(), Word::Operator("[" | ".")) {
            expr = if self.is("[") { self.index(expr) } else { self.field(expr) }?;
        }
        if self.is("{") && matches!(expr.kind, Kind::Select(..)) { Err(message(self.at())) } else { Ok(expr) }
    }

    fn index(&mut self, of: Expr) -> Parsed {
        let at = self.advance();
        self.refuse_optional()?;
        let index = self.expr()?;
        self.expect("]")?;
        limited(Expr::call(at, "_[_]", vec![of, index]))
    }

    /// A field, or a function of something.
    fn field(&mut self, of: Expr) -> Parsed {
        let at = self.advance();
        if self.is("?") {
            return Err(Mistake { at, message: "unsupported syntax '.?'".to_owned() });
        }
        let (name, is_quoted) = match self.peek() {
            Word::QuotedName(name) => (name.clone(), true),
            Word::Name(name) if !is_word(name) => (name.clone(), false),
            _ => return Err(self.unexpected("a name")),
        };
        self.advance();
        if is_quoted || !self.is("(") {
            return limited(Expr::new(at, Kind::Select(Box::new(of), name)));
        }
        let at = self.advance();
        let args = self.list(")")?;
        limited(macros::member(at, of, name, args)?)
    }

    fn primary(&mut self) -> Parsed {
        match self.peek() {
            Word::Operator("(") => self.bracketed(),
            Word::Operator("[") => self.list_literal(),
            Word::Operator("{") => self.map_literal(),
            Word::Operator(".") => self.named(),
            Word::Name(name) if !is_word(name) => self.named(),
            _ => self.literal(),
        }
    }

    fn bracketed(&mut self) -> Parsed {
        self.advance();
        let inner = self.expr()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn list_literal(&mut self) -> Parsed {
        let at = self.advance();
        self.refuse_optional()?;
        let members = self.members("]", Self::expr)?;
        limited(Expr::new(at, Kind::List(members)))
    }

    fn map_literal(&mut self) -> Parsed {
        let at = self.advance();
        self.refuse_optional()?;
        let entries = self.members("}", Self::entry)?;
        limited(Expr::new(at, Kind::Map(entries)))
    }

    fn entry(&mut self) -> Result<(Expr, Expr), Mistake> {
        let key = self.expr()?;
        self.expect(":")?;
        self.expr().map(|value| (key, value))
    }

    /// A variable or a call, with or without a dot ahead of it.
    fn named(&mut self) -> Parsed {
        let at = self.at();
        let dot = if self.take(".") { "." } else { "" };
        let name = match self.peek() {
            Word::Name(name) if RESERVED.contains(&name.as_str()) => {
                return Err(self.mistake(format!("reserved identifier: {name}")));
            }
            Word::Name(name) if !is_word(name) => name.clone(),
            _ => return Err(self.unexpected("a name")),
        };
        self.advance();
        match self.peek() {
            Word::Operator("(") => {
                let at = self.advance();
                let args = self.list(")")?;
                limited(macros::global(at, format!("{dot}{name}"), args)?)
            }
            Word::Operator("{") => Err(message(self.at())),
            _ => Ok(Expr::new(at, Kind::Name(name))),
        }
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

    fn literal(&mut self) -> Parsed {
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
    let name = if operator == "in" { "@in".to_owned() } else { format!("_{operator}_") };
    if let Kind::Call { function, target: None, args } = &mut left.kind
        && *function == name
        && matches!(operator, "&&" | "||")
    {
        left.height = left.height.max(right.height + 1);
        args.push(right);
        return left;
    }
    Expr::call(at, &name, vec![left, right])
}

/// Names that are part of the grammar.
fn is_word(name: &str) -> bool {
    matches!(name, "true" | "false" | "null" | "in")
}

fn radix(digits: &str) -> (&str, u32) {
    digits.strip_prefix("0x").map_or((digits, 10), |hex| (hex, 16))
}

fn limited(expr: Expr) -> Parsed {
    if expr.height > MAX_HEIGHT { Err(too_deep(expr.at, MAX_HEIGHT)) } else { Ok(expr) }
}

fn message(at: usize) -> Mistake {
    let message = "messages are not supported in expressions; use functions such as duration()".to_owned();
    Mistake { at, message }
}

fn too_deep(at: usize, limit: usize) -> Mistake {
    Mistake { at, message: format!("expression recursion limit exceeded: {limit}") }
}
