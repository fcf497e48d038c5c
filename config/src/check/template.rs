//! Go's templates: actions, strings, brackets, blocks that end, and functions that exist.

mod functions;

use crate::http::handlers::Templates;

/// The type of bodies that have no other.
const PLAIN: &str = "text/plain; charset=utf-8";
const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

/// How templates are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Language {
    left: String,
    right: String,
    /// Whether modules add functions.
    is_extended: bool,
}

impl Language {
    /// That of the templates which plain texts are; `None` if only other types are.
    pub(super) fn of(templates: &Templates) -> Option<Self> {
        let is_for_text = templates.mime_types.is_empty()
            || templates.mime_types.iter().any(|of| PLAIN.contains(of.as_str()));
        let (left, right) = match templates.delimiters.as_slice() {
            _ if !is_for_text => return None,
            [] => ("{{", "}}"),
            [left, right] if !left.is_empty() && !right.is_empty() => (left.as_str(), right.as_str()),
            _ => return None,
        };
        let is_extended = !templates.extensions.is_empty();
        Some(Self { left: left.to_owned(), right: right.to_owned(), is_extended })
    }

    /// Checks a text with actions.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        let mut parser = Parser { rest: text, line: 1, language: self, blocks: Vec::new() };
        while let Some(start) = parser.rest.find(&self.left) {
            parser.skip(start + self.left.len());
            let line = parser.line;
            parser.action().map_err(|reason| format!("template: line {line}: {reason}"))?;
        }
        match parser.blocks.last() {
            Some(block) => Err(format!("template: line {}: {} has no end", block.line, block.keyword)),
            None => Ok(()),
        }
    }
}

/// What stands around actions, and what blocks are open.
struct Parser<'t> {
    rest: &'t str,
    line: usize,
    language: &'t Language,
    blocks: Vec<Block>,
}

struct Block {
    keyword: String,
    line: usize,
    has_else: bool,
}

impl Parser<'_> {
    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }

    /// Reads an action up to and with the right delimiter.
    fn action(&mut self) -> Result<(), String> {
        if self.rest.starts_with('-') && self.rest[1..].starts_with(|c: char| c.is_ascii_whitespace()) {
            self.skip(1);
        }
        if let Some(comment) = self.rest.trim_start().strip_prefix("/*") {
            let end = comment.find("*/").ok_or("unclosed comment")?;
            self.skip(self.rest.len() - comment.len() + end + 2);
            return if self.ends() {
                Ok(())
            } else {
                Err("comment ends before closing delimiter".to_owned())
            };
        }
        let mut words = Vec::new();
        while !self.ends() {
            match self.word()? {
                Some(word) => words.push(word),
                None => return Err("unclosed action".to_owned()),
            }
        }
        let depth = words.iter().try_fold(0_usize, |depth, word| match word.as_str() {
            "(" => Some(depth + 1),
            ")" => depth.checked_sub(1),
            _ => Some(depth),
        });
        match depth {
            Some(0) => {
                self.keyword(&words)?;
                if self.language.is_extended { Ok(()) } else { functions_exist(&words) }
            }
            Some(_) => Err("unclosed left paren".to_owned()),
            None => Err("unexpected right paren".to_owned()),
        }
    }

    /// Whether the right delimiter comes next, perhaps trimmed; it is taken.
    fn ends(&mut self) -> bool {
        let trimmed = self.rest.trim_start();
        let is_trimming = trimmed.len() < self.rest.len();
        let trimming = trimmed
            .strip_prefix('-')
            .filter(|_| is_trimming)
            .and_then(|rest| rest.strip_prefix(&self.language.right));
        match trimming.or_else(|| trimmed.strip_prefix(&self.language.right)) {
            Some(rest) => {
                self.skip(self.rest.len() - rest.len());
                true
            }
            None => false,
        }
    }

    /// The next word; `None` at the end of the text.
    fn word(&mut self) -> Result<Option<String>, String> {
        self.skip(self.rest.len() - self.rest.trim_start().len());
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let length = match first {
            '"' | '\'' | '`' => quoted(self.rest, first)?,
            ':' if self.rest.starts_with(":=") => 2,
            '(' | ')' | '|' | ',' | '=' => 1,
            _ => self.rest.find(|c: char| !is_word(c)).unwrap_or(self.rest.len()),
        };
        if length == 0 {
            return Err(format!("unexpected {first:?} in an action"));
        }
        let word = self.rest[..length].to_owned();
        self.skip(length);
        Ok(Some(word))
    }

    fn keyword(&mut self, words: &[String]) -> Result<(), String> {
        let Some((keyword, args)) = words.split_first() else {
            return Err("missing value for command".to_owned());
        };
        let is_text = |word: &String| word.starts_with(['"', '`']);
        match keyword.as_str() {
            "if" | "with" | "range" if args.is_empty() => return Err(format!("missing value for {keyword}")),
            "define" | "block" | "template" if !args.first().is_some_and(is_text) => {
                return Err(format!("{keyword} takes a name in quotes"));
            }
            "block" if args.len() < 2 => return Err("missing value for block".to_owned()),
            "if" | "with" | "range" | "define" | "block" => {
                let block = Block { keyword: keyword.clone(), line: self.line, has_else: false };
                self.blocks.push(block);
            }
            "else" => {
                let block =
                    self.blocks.last_mut().filter(|block| !matches!(&*block.keyword, "define" | "block"));
                let block = block.filter(|block| !block.has_else).ok_or("unexpected {{else}}")?;
                block.has_else = args.is_empty();
            }
            "end" if args.is_empty() => drop(self.blocks.pop().ok_or("unexpected {{end}}")?),
            "break" | "continue" if !self.blocks.iter().any(|block| block.keyword == "range") => {
                return Err(format!("{{{{{keyword}}}}} outside {{{{range}}}}"));
            }
            "|" | ")" | "," | "=" | ":=" => return Err(format!("unexpected {keyword:?} in command")),
            _ => {}
        }
        Ok(())
    }
}

/// A word that is no keyword, field, variable or constant is a function.
fn functions_exist(words: &[String]) -> Result<(), String> {
    let is_keyword = |word: &&String| KEYWORDS.contains(&word.as_str());
    for word in words.iter().skip_while(is_keyword) {
        let name = word.split('.').next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name && !matches!(name, "true" | "false" | "nil") && !functions::is_known(name) {
            return Err(format!("function \"{name}\" not defined"));
        }
    }
    Ok(())
}

/// What names, fields, variables and numbers are made of.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '$' | '+' | '-')
}

/// The length of a quoted text with its quotes.
fn quoted(text: &str, quote: char) -> Result<usize, String> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            '\n' if quote != '`' => break,
            _ if character == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err(match quote {
        '`' => "unterminated raw quoted string",
        '"' => "unterminated quoted string",
        _ => "unterminated character constant",
    }
    .to_owned())
}
