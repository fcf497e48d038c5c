//! Regular expressions as Go writes them, run by an engine with the same guarantee of linear time.
//!
//! The two syntaxes differ in small things, so that a pattern is rewritten first: classes such as `\d` are ASCII in
//! Go, a brace that is no repetition is plain text, `[` within a class is itself, `\Q…\E` quotes, and what Go refuses
//! is refused.

use regex::Regex;

#[cfg(test)]
mod tests;

/// Compiles a pattern in Go's syntax.
///
/// # Errors
/// What is wrong with the pattern, as a sentence.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = Translator { rest: pattern.chars().peekable(), output: String::new() }.run()?;
    Regex::new(&translated).map_err(|error| {
        let text = error.to_string();
        let reason = text.rsplit_once("error: ").map_or(text.as_str(), |(_, reason)| reason);
        format!("error parsing regexp: {reason}: `{pattern}`")
    })
}

struct Translator<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    output: String,
}

/// Go's limit for the counts of a repetition.
const MAX_REPEAT: u32 = 1000;

impl Translator<'_> {
    fn run(mut self) -> Result<String, String> {
        let mut after_repetition = false;
        while let Some(character) = self.rest.next() {
            let mut repetition = false;
            match character {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' => match self.counts()? {
                    Some(counts) => {
                        repetition = true;
                        self.output.push_str(&counts);
                    }
                    None => self.output.push_str("\\{"),
                },
                '}' => self.output.push_str("\\}"),
                '*' | '+' | '?' => {
                    repetition = true;
                    self.output.push(character);
                }
                other => self.output.push(other),
            }
            if repetition {
                if after_repetition {
                    return Err("error parsing regexp: invalid nested repetition operator".to_owned());
                }
                if self.rest.next_if_eq(&'?').is_some() {
                    self.output.push('?');
                }
            }
            after_repetition = repetition;
        }
        Ok(self.output)
    }

    /// What follows a backslash outside of a class.
    fn escape(&mut self) -> Result<(), String> {
        match self.rest.next() {
            Some('b') => self.output.push_str("(?-u:\\b)"),
            Some('B') => self.output.push_str("(?-u:\\B)"),
            Some(anchor @ ('A' | 'z')) => {
                self.output.push('\\');
                self.output.push(anchor);
            }
            Some('Q') => self.quoted(),
            Some(class @ ('d' | 's' | 'w' | 'D' | 'S' | 'W')) => {
                self.output.push('[');
                self.output.push_str(ascii_class(class));
                self.output.push(']');
            }
            other => self.character_escape(other)?,
        }
        Ok(())
    }

    /// Text up to `\E`, or to the end.
    fn quoted(&mut self) {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            text.push(character);
        }
        self.output.push_str(&regex::escape(&text));
    }

    /// An escape that stands for one character or for a Unicode class, inside or outside of brackets.
    fn character_escape(&mut self, escaped: Option<char>) -> Result<(), String> {
        let Some(escaped) = escaped else {
            return Err("error parsing regexp: trailing backslash at end of expression".to_owned());
        };
        match escaped {
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => {
                self.output.push('\\');
                self.output.push(escaped);
            }
            'x' | 'p' | 'P' => {
                self.output.push('\\');
                self.output.push(escaped);
                let mut braced = self.rest.peek() == Some(&'{');
                while braced && let Some(character) = self.rest.next() {
                    self.output.push(character);
                    braced = character != '}';
                }
            }
            '0'..='7' => {
                let octal = |c: &char| ('0'..='7').contains(c);
                if escaped != '0' && !self.rest.peek().is_some_and(octal) {
                    return Err(format!("error parsing regexp: invalid escape sequence: `\\{escaped}`"));
                }
                let mut code = escaped.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = self.rest.next_if(octal) else { break };
                    code = code * 8 + digit.to_digit(8).unwrap_or_default();
                }
                self.output.push_str(&format!("\\x{{{code:x}}}"));
            }
            other if other.is_ascii_punctuation() || other == ' ' => self.literal(other),
            other => return Err(format!("error parsing regexp: invalid escape sequence: `\\{other}`")),
        }
        Ok(())
    }

    /// A character that stands for itself, inside or outside of brackets.
    fn literal(&mut self, character: char) {
        if character.is_ascii_punctuation() && !matches!(character, '<' | '>') {
            self.output.push('\\');
        }
        self.output.push(character);
    }

    /// A class, of which the opening bracket is read.
    fn class(&mut self) -> Result<(), String> {
        self.output.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.output.push('^');
        }
        let mut first = true;
        loop {
            let missing = "error parsing regexp: missing closing ]";
            let character = self.rest.next().ok_or(missing)?;
            match character {
                ']' if !first => break,
                '[' if self.rest.peek() == Some(&':') => self.posix(),
                '\\' => {
                    if self.class_escape()? {
                        self.range_end()?;
                    }
                }
                // A range may begin with any character but a dash that is not the first or the last.
                other => {
                    self.literal(other);
                    self.range_end()?;
                }
            }
            first = false;
        }
        self.output.push(']');
        Ok(())
    }

    /// The upper end of a range, when the next characters are one.
    fn range_end(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.peek(), Some(']') | None) {
            return Ok(());
        }
        self.rest.next();
        self.output.push('-');
        match self.rest.next() {
            Some('\\') => {
                let escaped = self.rest.next();
                self.character_escape(escaped)
            }
            Some(end) => {
                self.literal(end);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What follows a backslash within a class; whether it is a character that may begin a range.
    fn class_escape(&mut self) -> Result<bool, String> {
        match self.rest.next() {
            Some(class @ ('d' | 's' | 'w')) => self.output.push_str(ascii_class(class)),
            Some(class @ ('D' | 'S' | 'W')) => {
                self.output.push('[');
                self.output.push_str(ascii_class(class));
                self.output.push(']');
            }
            other => {
                self.character_escape(other)?;
                return Ok(!matches!(other, Some('p' | 'P')));
            }
        }
        Ok(false)
    }

    /// `[:name:]`, or a bracket that is itself.
    fn posix(&mut self) {
        let ahead: String = self.rest.clone().take(12).collect();
        match ahead.find(":]").filter(|end| *end > 0) {
            Some(end) => {
                self.output.push('[');
                self.output.push_str(&ahead[..end + 2]);
                for _ in ahead[..end + 2].chars() {
                    self.rest.next();
                }
            }
            None => self.output.push_str("\\["),
        }
    }

    /// A group; flags that Go does not have are refused.
    fn group(&mut self) -> Result<(), String> {
        self.output.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.output.push('?');
        while let Some(flag) = self.rest.next_if(|c| !matches!(c, ':' | ')' | 'P' | '<')) {
            if !matches!(flag, 'i' | 'm' | 's' | 'U' | '-') {
                return Err(format!("error parsing regexp: invalid or unsupported Perl syntax: `(?{flag}`"));
            }
            self.output.push(flag);
        }
        Ok(())
    }

    /// The counts of a repetition, whose opening brace is read; `None` leaves what follows to be plain text.
    fn counts(&mut self) -> Result<Option<String>, String> {
        let ahead: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().nth(ahead.chars().count()) == Some('}');
        let (low, high) = ahead.split_once(',').unwrap_or((&ahead, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !closed || low.is_empty() || !digits(low) || !digits(high) {
            return Ok(None);
        }
        for count in [low, high].into_iter().filter(|count| !count.is_empty()) {
            if count.parse::<u32>().map_or(true, |count| count > MAX_REPEAT) {
                return Err(format!("error parsing regexp: invalid repeat count: `{{{ahead}}}`"));
            }
        }
        for _ in 0..=ahead.chars().count() {
            self.rest.next();
        }
        Ok(Some(format!("{{{ahead}}}")))
    }
}

/// The members of a class, without its brackets.
fn ascii_class(name: char) -> &'static str {
    match name {
        'd' => "0-9",
        'D' => "^0-9",
        's' => "\\t\\n\\f\\r ",
        'S' => "^\\t\\n\\f\\r ",
        'w' => "0-9A-Za-z_",
        _ => "^0-9A-Za-z_",
    }
}
