//! Text to lexemes: words and everything between them, so that no byte is lost.
//!
//! The rules are Caddy's, including those nobody would choose: a carriage return outside quotes does not exist, a
//! backslash anywhere in a comment continues the line, an unfinished quote is a bare word. Configurations depend
//! on where Caddy sees a line end, so every one of them is kept.

mod heredoc;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, ops::Range};

use crate::token::Quote;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LexemeKind {
    /// A word; the only kind that means anything.
    Word(Quote),
    /// White space other than line feeds.
    Space,
    /// A line feed that ends a line.
    Newline,
    /// A line feed after a backslash: the words after it still belong to the line.
    Continuation,
    /// From `#` to the end of the line, without the line feed.
    Comment,
    /// A backslash outside of any word.
    Backslash,
    /// U+FEFF at the very beginning.
    ByteOrderMark,
    /// A quote or heredoc that the end of the text leaves open and empty; Caddy drops it.
    Void,
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexeme<'a> {
    /// What it is.
    pub kind: LexemeKind,
    /// The first byte.
    pub start: u32,
    /// All of it, as it stands in the text.
    pub raw: &'a str,
    /// What a word says, without quotes and escapes; empty for everything else.
    pub text: Cow<'a, str>,
    /// The line on which Caddy's lexer says it starts, counted from 1. Continued lines count when the next line
    /// begins, not before.
    pub line: u32,
}

impl Lexeme<'_> {
    /// One past the last byte.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.start + self.raw.len() as u32
    }

    /// How the word was written; `None` for everything that is no word.
    #[must_use]
    pub fn quote(&self) -> Option<Quote> {
        match self.kind {
            LexemeKind::Word(quote) => Some(quote),
            LexemeKind::Space
            | LexemeKind::Newline
            | LexemeKind::Continuation
            | LexemeKind::Comment
            | LexemeKind::Backslash
            | LexemeKind::ByteOrderMark
            | LexemeKind::Void => None,
        }
    }

    /// Whether this is the bare word `text`.
    #[must_use]
    pub fn is_bare(&self, text: &str) -> bool {
        self.kind == LexemeKind::Word(Quote::None) && self.text == text
    }
}

/// What the lexer found wrong. Lines are those that Caddy prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// `<<` at the end of a line.
    NoHeredocMarker {
        /// The line.
        line: u32,
    },
    /// `<<<END`.
    TooManyLessThan {
        /// The line.
        line: u32,
    },
    /// A heredoc marker with a character that none may have.
    BadHeredocMarker {
        /// The line.
        line: u32,
        /// The marker.
        marker: String,
    },
    /// A heredoc without an end.
    IncompleteHeredoc {
        /// The last line.
        line: u32,
        /// The marker.
        marker: String,
    },
    /// A line of a heredoc that is indented less than its closing marker, or otherwise.
    HeredocIndent {
        /// The line.
        line: u32,
        /// The marker.
        marker: String,
        /// The line's text.
        text: String,
        /// What it should begin with.
        indent: String,
    },
    /// A quote without an end. Caddy takes the rest of the file for a bare word.
    UnclosedQuote {
        /// `"` or a backtick.
        quote: char,
    },
}

/// Something wrong and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Where, in bytes.
    pub range: Range<u32>,
}

/// What [`lex`] returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lexed<'a> {
    /// All of the text, in order.
    pub lexemes: Vec<Lexeme<'a>>,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
}

/// Splits `text` into lexemes. Their raw texts, joined, are `text` again.
#[must_use]
pub fn lex(text: &str) -> Lexed<'_> {
    // About what a file in house style has.
    let mut lexemes = Vec::with_capacity(text.len() / 3);
    let problems = lex_into(text, &mut |lexeme| lexemes.push(lexeme));
    Lexed { lexemes, problems }
}

/// The same for who has no need of all lexemes at once.
pub(crate) fn lex_into<'a>(text: &'a str, sink: &mut dyn FnMut(Lexeme<'a>)) -> Vec<Problem> {
    let mut lexer =
        Lexer { text, at: 0, line: 1, skipped: 0, word: String::new(), sink, problems: Vec::new() };
    if text.starts_with('\u{feff}') {
        lexer.bump();
        lexer.emit(LexemeKind::ByteOrderMark, 0..lexer.at);
    }
    while lexer.at < text.len() {
        lexer.next_word();
    }
    lexer.problems
}

struct Lexer<'a, 's> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
    line: u32,
    /// Lines that were continued, or lie inside a heredoc, and are not counted yet.
    skipped: u32,
    /// The word being read.
    word: String,
    sink: &'s mut dyn FnMut(Lexeme<'a>),
    problems: Vec<Problem>,
}

impl<'a> Lexer<'a, '_> {
    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at) {
            Some(&byte) if byte.is_ascii() => Some(char::from(byte)),
            _ => self.text[self.at..].chars().next(),
        }
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn emit(&mut self, kind: LexemeKind, range: Range<usize>) {
        self.emit_at(kind, range, Cow::Borrowed(""), self.line);
    }

    fn emit_at(&mut self, kind: LexemeKind, range: Range<usize>, text: Cow<'a, str>, line: u32) {
        if !range.is_empty() {
            let start = range.start as u32;
            (self.sink)(Lexeme { kind, start, raw: &self.text[range], text, line });
        }
    }

    /// Emits the word that was read from `range`, which begins on `line`.
    fn emit_word(&mut self, quote: Quote, range: Range<usize>, line: u32) {
        let raw = &self.text[range.clone()];
        // Without escapes and carriage returns the word is the raw text, or all but the quotes around it.
        let inner = raw.len().checked_sub(1).and_then(|end| raw.get(1..end));
        let text = match inner {
            _ if raw == self.word => Cow::Borrowed(raw),
            Some(inner) if inner == self.word => Cow::Borrowed(inner),
            _ => Cow::Owned(self.word.clone()),
        };
        self.emit_at(LexemeKind::Word(quote), range, text, line);
    }

    fn problem(&mut self, kind: ProblemKind, range: Range<usize>) {
        self.problems.push(Problem { kind, range: range.start as u32..range.end as u32 });
    }

    /// Reads from the end of one word to the end of the next.
    fn next_word(&mut self) {
        // Whether a backslash escapes whatever comes next, and where it stands while it may become part of a word.
        let mut escaped = false;
        let mut held = None;
        while let Some(ch) = self.peek() {
            match ch {
                '\n' => {
                    self.release(held.take());
                    self.newline(escaped);
                    escaped = false;
                }
                _ if ch.is_whitespace() && held.is_some() => self.bump(),
                _ if ch.is_whitespace() => self.spaces(),
                '\\' if !escaped => {
                    escaped = true;
                    held = Some(self.at);
                    self.bump();
                }
                '#' => {
                    self.release(held.take());
                    escaped |= self.comment();
                }
                '"' | '`' => return self.quoted(ch, held.unwrap_or(self.at), escaped),
                _ => return self.bare(held.unwrap_or(self.at), escaped),
            }
        }
        self.release(held);
    }

    /// Emits a backslash that no word took, and the spaces after it.
    fn release(&mut self, held: Option<usize>) {
        if let Some(at) = held {
            self.emit(LexemeKind::Backslash, at..at + 1);
            self.emit(LexemeKind::Space, at + 1..self.at);
        }
    }

    fn newline(&mut self, escaped: bool) {
        let kind = if escaped { LexemeKind::Continuation } else { LexemeKind::Newline };
        self.emit(kind, self.at..self.at + 1);
        self.at += 1;
        if escaped {
            self.skipped += 1;
        } else {
            self.line += 1 + self.skipped;
            self.skipped = 0;
        }
    }

    fn spaces(&mut self) {
        let rest = &self.text[self.at..];
        let plain = rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let length = match rest.as_bytes().get(plain) {
            Some(byte) if byte.is_ascii_graphic() || *byte == b'\n' => plain,
            _ => rest.find(|ch: char| ch == '\n' || !ch.is_whitespace()).unwrap_or(rest.len()),
        };
        self.emit(LexemeKind::Space, self.at..self.at + length);
        self.at += length;
    }

    /// Reads a comment and says whether it holds a backslash, which escapes the line feed after it.
    fn comment(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let comment = &rest[..rest.find('\n').unwrap_or(rest.len())];
        self.emit(LexemeKind::Comment, self.at..self.at + comment.len());
        self.at += comment.len();
        comment.contains('\\')
    }

    /// Reads a quoted word, which may span lines. `escaped` tells of a backslash before the quote.
    fn quoted(&mut self, quote: char, start: usize, mut escaped: bool) {
        let line = self.line;
        let opening = self.at;
        self.bump();
        self.word.clear();
        loop {
            let Some(ch) = self.peek() else {
                let kind = ProblemKind::UnclosedQuote { quote };
                self.problem(kind, opening..opening + 1);
                if self.word.is_empty() {
                    self.emit(LexemeKind::Void, start..self.at);
                } else {
                    self.emit_word(Quote::None, start..self.at, line);
                }
                return;
            };
            self.bump();
            if quote == '"' && escaped {
                // Everything is literal between quotes, so that only quotes can be escaped.
                if ch != '"' {
                    self.word.push('\\');
                }
                escaped = false;
            } else if quote == '"' && ch == '\\' {
                escaped = true;
                continue;
            } else if ch == quote {
                let kind = if quote == '"' { Quote::Double } else { Quote::Backtick };
                return self.emit_word(kind, start..self.at, line);
            }
            if ch == '\n' {
                self.line += 1 + self.skipped;
                self.skipped = 0;
            }
            self.word.push(ch);
        }
    }

    /// Reads a bare word, or a heredoc if it turns out to be one.
    fn bare(&mut self, start: usize, mut escaped: bool) {
        let line = self.line;
        if !escaped && let Some(length) = plain_length(&self.text.as_bytes()[self.at..]) {
            self.at += length;
            self.emit_at(
                LexemeKind::Word(Quote::None),
                start..self.at,
                self.text[start..self.at].into(),
                line,
            );
            return self.after_bare(self.at, false);
        }
        let mut heredoc_escaped = false;
        let mut end = self.at;
        self.word.clear();
        while let Some(ch) = self.peek() {
            let maybe_heredoc = !heredoc_escaped && self.word.starts_with("<<");
            match ch {
                '\r' => {
                    self.bump();
                    continue;
                }
                '\n' if maybe_heredoc => return self.heredoc(start, end),
                ' ' if maybe_heredoc => break,
                _ if maybe_heredoc => {}
                '\\' if !escaped => {
                    // Carriage returns before it are the word's, so that nothing comes between the two.
                    end = self.at;
                    escaped = true;
                    self.bump();
                    continue;
                }
                _ if ch.is_whitespace() => break,
                '<' if escaped => {
                    heredoc_escaped = true;
                    escaped = false;
                }
                _ if escaped => {
                    self.word.push('\\');
                    escaped = false;
                }
                _ => {}
            }
            self.word.push(ch);
            self.bump();
            end = self.at;
        }
        self.emit_word(Quote::None, start..end, line);
        self.after_bare(end, escaped);
    }

    /// Emits what was read after the last character of a bare word: carriage returns and perhaps a backslash,
    /// which escapes a line feed and is otherwise lost.
    fn after_bare(&mut self, end: usize, escaped: bool) {
        for (at, ch) in self.text[end..self.at].char_indices() {
            let kind = if ch == '\\' { LexemeKind::Backslash } else { LexemeKind::Space };
            self.emit(kind, end + at..end + at + 1);
        }
        if self.peek() == Some('\n') {
            self.newline(escaped);
        }
    }
}

/// The length of a bare word that is its own text, as almost all are: ASCII, no backslash, no carriage return, and no
/// heredoc.
fn plain_length(bytes: &[u8]) -> Option<usize> {
    let length =
        bytes.iter().position(|&byte| !byte.is_ascii_graphic() || byte == b'\\').unwrap_or(bytes.len());
    let ends = matches!(bytes.get(length), None | Some(b' ' | b'\t' | b'\n'));
    (ends && !bytes.starts_with(b"<<")).then_some(length)
}
