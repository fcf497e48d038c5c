//! The words of an expression.

use super::{Mistake, syntax::literal};

/// One word and where it begins, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Name(String),
    /// A name in backticks, which may have characters that other names have not.
    QuotedName(String),
    Int(String),
    Uint(String),
    Double(String),
    String(String),
    Bytes(Vec<u8>),
    Operator(&'static str),
    End,
}

const OPERATORS: [&str; 26] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":",
    "+", "*", "/", "%", "=", "&",
];

/// Takes a text apart; the last token is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let at = lexer.at;
        let kind = lexer.token()?;
        let end = kind == Kind::End;
        tokens.push(Token { at, kind });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Whitespace, and comments up to the end of the line.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest().trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            self.at = self.text.len() - rest.len();
            if !rest.starts_with("//") {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn token(&mut self) -> Result<Kind, Mistake> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Kind::End) };
        if let Some((prefix, quote)) = string_start(rest) {
            return self.string(prefix, quote);
        }
        if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            return Ok(self.number());
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Kind::Name(self.take(name_length(rest)).to_owned()));
        }
        if first == '`' {
            let length = rest[1..].find('`').filter(|length| *length > 0);
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/ ".contains(c);
            match length.map(|length| &rest[1..=length]).filter(|name| name.chars().all(allowed)) {
                Some(name) => {
                    self.at += name.len() + 2;
                    return Ok(Kind::QuotedName(name.to_owned()));
                }
                None => return Err(self.mistake("token recognition error at: '`'".to_owned())),
            }
        }
        match OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
            Some(operator) if !matches!(operator, "=" | "&") => {
                self.at += operator.len();
                Ok(Kind::Operator(operator))
            }
            Some("=") => Err(self.mistake("token recognition error at: '='; equality is '=='".to_owned())),
            _ => Err(self.mistake(format!("token recognition error at: '{first}'"))),
        }
    }

    fn take(&mut self, length: usize) -> &'t str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    fn mistake(&self, message: String) -> Mistake {
        Mistake { at: self.at, message: format!("Syntax error: {message}") }
    }

    fn number(&mut self) -> Kind {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(hex) =
            rest.strip_prefix("0x").filter(|hex| hex.starts_with(|c: char| c.is_ascii_hexdigit()))
        {
            let length = 2 + hex.bytes().take_while(u8::is_ascii_hexdigit).count();
            return self.integer(length);
        }
        let whole = digits(rest);
        let mut length = whole;
        let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
        if fraction > 0 {
            length += 1 + fraction;
        }
        let exponent = exponent_length(&rest[length..]);
        if fraction == 0 && exponent == 0 {
            return self.integer(length);
        }
        Kind::Double(self.take(length + exponent).to_owned())
    }

    fn integer(&mut self, length: usize) -> Kind {
        let digits = self.take(length).to_owned();
        if self.rest().starts_with(['u', 'U']) {
            self.at += 1;
            return Kind::Uint(digits);
        }
        Kind::Int(digits)
    }

    /// A string or bytes: a prefix of `r` and `b` in any case, then one quote or three.
    fn string(&mut self, prefix: usize, quote: &'static str) -> Result<Kind, Mistake> {
        let start = self.at;
        let prefix = self.take(prefix).to_ascii_lowercase();
        self.at += quote.len();
        let raw = prefix.contains('r');
        let content = self.rest();
        let mut end = 0;
        loop {
            let rest = &content[end..];
            if rest.starts_with(quote) {
                break;
            }
            match rest.chars().next() {
                Some('\n' | '\r') if quote.len() == 1 => break,
                Some('\\') if !raw => end += 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                Some(other) => end += other.len_utf8(),
                None => break,
            }
        }
        if !content[end..].starts_with(quote) {
            self.at = start;
            return Err(self.mistake("a string is not closed".to_owned()));
        }
        self.at += end + quote.len();
        let (content, bytes) = (&content[..end], prefix.contains('b'));
        let invalid = |message| Mistake { at: start, message };
        if bytes {
            return literal::bytes(content, raw).map(Kind::Bytes).map_err(invalid);
        }
        if raw {
            return Ok(Kind::String(content.to_owned()));
        }
        literal::string(content).map(Kind::String).map_err(invalid)
    }
}

/// The length of the prefix, and the quote.
fn string_start(text: &str) -> Option<(usize, &'static str)> {
    ["", "r", "R", "b", "B", "br", "bR", "Br", "BR"].into_iter().find_map(|prefix| {
        let rest = text.strip_prefix(prefix)?;
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote))?;
        Some((prefix.len(), quote))
    })
}

fn name_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

/// The length of `e-7` and the like; 0 if there is none.
fn exponent_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return 0 };
    let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    match digits.bytes().take_while(u8::is_ascii_digit).count() {
        0 => 0,
        count => 1 + rest.len() - digits.len() + count,
    }
}
