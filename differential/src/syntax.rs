//! Reads the syntax boxes of pages: what a line may look like, and what may stand in its block.

/// A line with its block, as a box shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Form {
    /// The words of the line.
    pub line: Vec<Word>,
    /// The lines of the block; `None` where the box shows none.
    pub block: Option<Vec<Form>>,
}

/// One word of a line. It may stand for several words or for none.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// Itself.
    Literal(String),
    /// `<name>`
    Value(String),
    /// `[…]`: nothing, or one of these sequences.
    Optional(Vec<Vec<Word>>),
    /// `a|b`: one of these.
    Either(Vec<Word>),
    /// `x...` or `<x...>`: one or more of these.
    Many(Box<Word>),
    /// Parts without a space between them.
    Glued(Vec<Word>),
    /// `...`: what the module takes that the word before names.
    Rest,
    /// `|{`: the block stands in place of the words before.
    OrBlock,
}

/// The forms of a box. Columns may be aligned by spaces, blocks are indented by tabs, `#` starts a remark.
///
/// # Panics
/// Panics on brackets that are not balanced: a box is part of the repository.
#[must_use]
pub fn forms(text: &str) -> Vec<Form> {
    let lines = text.lines().map(|line| line.split(" # ").next().unwrap_or_default().trim_end());
    let mut lines = lines.filter(|line| !line.is_empty());
    block(&mut lines)
}

fn block<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<Form> {
    let mut forms = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line == "}" {
            break;
        }
        forms.push(if let Some(line) = line.strip_suffix("{ ... }") {
            Form { line: words(line), block: Some(vec![Form { line: vec![Word::Rest], block: None }]) }
        } else if let Some(line) = line.strip_suffix('{') {
            Form { line: words(line), block: Some(block(lines)) }
        } else {
            Form { line: words(line), block: None }
        });
    }
    forms
}

fn words(line: &str) -> Vec<Word> {
    let mut reader = Reader { rest: line };
    let words = reader.sequence();
    assert!(reader.rest.is_empty(), "a bracket too many in {line}");
    words
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, text: &str) -> bool {
        let eaten = self.rest.strip_prefix(text);
        self.rest = eaten.unwrap_or(self.rest);
        eaten.is_some()
    }

    /// Words up to the end or a closing bracket.
    fn sequence(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(']') {
                return words;
            }
            words.push(self.word());
        }
    }

    fn word(&mut self) -> Word {
        let mut choices = vec![self.glued()];
        let mut or_block = false;
        while self.eat("|") {
            if self.rest.is_empty() {
                or_block = true;
                break;
            }
            choices.push(self.glued());
        }
        let word = if choices.len() == 1 { choices.remove(0) } else { Word::Either(choices) };
        if or_block {
            return Word::Glued(vec![word, Word::OrBlock]);
        }
        if word != Word::Rest && self.eat("...") { Word::Many(Box::new(word)) } else { word }
    }

    /// Parts up to a space, a closing bracket or a bar.
    fn glued(&mut self) -> Word {
        if self.eat("...") {
            return Word::Rest;
        }
        let mut parts = Vec::new();
        while let Some(first) = self.rest.chars().next() {
            if first.is_whitespace() || self.rest.starts_with("...") || matches!(first, ']' | '|') {
                break;
            }
            parts.push(match first {
                '[' => self.optional(),
                '<' if self.rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => self.value(),
                _ => self.literal(),
            });
        }
        if parts.len() == 1 { parts.remove(0) } else { Word::Glued(parts) }
    }

    fn optional(&mut self) -> Word {
        self.rest = &self.rest[1..];
        let mut choices = vec![Vec::new()];
        loop {
            self.rest = self.rest.trim_start();
            assert!(!self.rest.is_empty(), "a bracket is not closed");
            if self.eat("]") {
                return Word::Optional(choices);
            }
            if self.eat("|") {
                choices.push(Vec::new());
            } else {
                let many = self.glued();
                let word =
                    if many != Word::Rest && self.eat("...") { Word::Many(Box::new(many)) } else { many };
                choices.last_mut().expect("one was put in").push(word);
            }
        }
    }

    fn value(&mut self) -> Word {
        let end = self.rest.find('>').expect("a placeholder is not closed");
        let name = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        match name.strip_suffix("...") {
            Some(name) => Word::Many(Box::new(Word::Value(name.to_owned()))),
            None => Word::Value(name.to_owned()),
        }
    }

    fn literal(&mut self) -> Word {
        let placeholder = |at: usize| {
            self.rest[at..].starts_with('<')
                && self.rest[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
        };
        let end = self.rest.char_indices().skip(1).find(|&(at, c)| {
            c.is_whitespace()
                || matches!(c, '[' | ']' | '|')
                || placeholder(at)
                || self.rest[at..].starts_with("...")
        });
        let (literal, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        Word::Literal(literal.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Word {
        Word::Literal(text.to_owned())
    }

    fn value(name: &str) -> Word {
        Word::Value(name.to_owned())
    }

    #[test]
    fn a_box_with_blocks() {
        let many = Word::Many(Box::new(value("dir")));
        let inner = Form { line: vec![many], block: None };
        let line = vec![literal("handle"), Word::Optional(vec![vec![value("matcher")]])];
        assert_eq!(forms("handle [<matcher>] {\n\t<dir...>\n}"), [Form { line, block: Some(vec![inner]) }]);
    }

    #[test]
    fn prefixes_and_choices() {
        let signs = Word::Optional(vec![vec![literal("+")], vec![literal("<")]]);
        let versions = Word::Many(Box::new(Word::Either(vec![literal("h1"), value("n")])));
        assert_eq!(words("[+|<]<field>"), [Word::Glued(vec![signs, value("field")])]);
        assert_eq!(words("h1|<n>..."), [versions]);
        assert_eq!(
            words("<a>><b> ..."),
            [Word::Glued(vec![value("a"), literal(">"), value("b")]), Word::Rest]
        );
    }
}
