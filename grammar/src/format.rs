//! A text in Caddy's house style: what `caddy fmt` prints, except where that would change a word.
//!
//! One tab for each level, one space between words, a block opens at the end of a line and closes on a line of its
//! own, at most one blank line in a row. Words, comments and continued lines are copied as they are.

mod lint;
#[cfg(test)]
mod tests;

pub(crate) use lint::{lint, unix_lines};

use crate::{
    lexer::{Lexeme, LexemeKind, lex, lex_into},
    token::Quote,
};

/// Caddy indents no deeper.
const INDENT: &str = "\t\t\t\t\t\t\t\t\t\t";

/// Formats a text. Formatting the result again changes nothing.
#[must_use]
pub fn format(text: &str) -> String {
    let mut writer = Formatter::default();
    // Formatting rarely changes the size by much.
    writer.out.reserve(text.len());
    lex_into(text, &mut |lexeme| writer.push(&lexeme));
    writer.finish()
}

/// Formats a text and makes sure that the result has the same words.
///
/// # Errors
/// Names the first word that differs. This is a defect of the formatter, and the text had better stay as it is.
pub fn format_checked(text: &str) -> Result<String, FormatError> {
    let lexed = lex(text);
    let mut writer = Formatter::default();
    lexed.lexemes.iter().for_each(|lexeme| writer.push(lexeme));
    let formatted = writer.finish();
    let mut before = lexed.lexemes.iter().filter(|lexeme| lexeme.quote().is_some());
    let mut difference = None;
    let mut compare = |left: Option<&Lexeme<'_>>, right: Option<&Lexeme<'_>>| {
        let same = match (left, right) {
            (Some(left), Some(right)) => left.kind == right.kind && left.text == right.text,
            (left, right) => left.is_none() && right.is_none(),
        };
        if !same && difference.is_none() {
            let word = |lexeme: Option<&Lexeme<'_>>| lexeme.map(|lexeme| lexeme.text.clone().into_owned());
            let line = left.or(right).map_or(1, |lexeme| lexeme.line);
            difference = Some(FormatError { line, before: word(left), after: word(right) });
        }
    };
    lex_into(&formatted, &mut |lexeme| {
        if lexeme.quote().is_some() {
            compare(before.next(), Some(&lexeme));
        }
    });
    compare(before.next(), None);
    difference.map_or(Ok(formatted), Err)
}

/// Formatting would have changed the meaning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The line of the original, counted from 1.
    pub line: u32,
    /// The word of the original; `None` at its end.
    pub before: Option<String>,
    /// The word in its place; `None` at the end.
    pub after: Option<String>,
}

impl std::fmt::Display for FormatError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word =
            |word: &Option<String>| word.clone().map_or("nothing".to_owned(), |word| format!("'{word}'"));
        let (before, after) = (word(&self.before), word(&self.after));
        write!(
            f,
            "formatting would turn {before} on line {} into {after}; the text was left alone",
            self.line
        )
    }
}

impl std::error::Error for FormatError {}

/// The text written so far and what is needed to place the next word.
#[derive(Default)]
pub(crate) struct Formatter {
    out: String,
    /// How many blocks are open.
    depth: usize,
    /// Line feeds seen since the last word.
    newlines: usize,
    /// Whether white space was seen since the last word.
    spaced: bool,
    /// Whether the last word does not stand on the line to write: nothing does, or only a closing brace.
    line_start: bool,
    /// Whether an opening brace was written last; no blank line follows it.
    opened: bool,
    /// Whether a closing brace was written last.
    closed: bool,
    /// Whether everything up to the next line feed is copied: in a comment, and after a word with `#` in it, which
    /// Caddy's formatter takes for one. Braces do not count there.
    in_comment: bool,
    /// Whether a backslash was written last. White space after it waits for what follows.
    escaped: bool,
    /// Whether a bare word that looks like the opening of a heredoc was written last. A space keeps it a word.
    like_heredoc: bool,
    /// Whether a quote or heredoc is still open at the end of the text, which must not grow then.
    unfinished: bool,
    /// Whether the current line began with `import`, and whether the line before did so at the top level.
    imports: bool,
    imported: bool,
    has_words: bool,
    /// The end of the last word: nothing before it is trimmed.
    kept: usize,
}

impl Formatter {
    /// Takes the next lexeme.
    pub(crate) fn push(&mut self, lexeme: &Lexeme<'_>) {
        match lexeme.kind {
            LexemeKind::Continuation if self.escaped => {
                self.out.push('\n');
                self.spaced = false;
                self.escaped = false;
                return;
            }
            LexemeKind::Space => {}
            _ => self.end_escape(),
        }
        match lexeme.kind {
            LexemeKind::Newline => self.newline(),
            LexemeKind::Continuation if self.in_comment => self.newline(),
            _ if self.in_comment => self.copy(lexeme),
            LexemeKind::Word(Quote::None) if lexeme.text == "{" => self.open(),
            LexemeKind::Word(Quote::None) if lexeme.text == "}" => self.close(),
            LexemeKind::Word(_) | LexemeKind::Void => self.word(lexeme),
            LexemeKind::Space => self.space(lexeme.raw),
            LexemeKind::Continuation => self.newline(),
            LexemeKind::Comment => {
                self.place();
                self.out.push_str(lexeme.raw);
                self.in_comment = true;
            }
            // Behind a brace it has no effect; on a line of its own it would have one.
            LexemeKind::Backslash if (self.opened || self.closed) && !self.spaced && self.newlines == 0 => {
                self.spaced = true;
            }
            LexemeKind::Backslash => {
                self.place();
                self.out.push('\\');
                self.escaped = true;
            }
            LexemeKind::ByteOrderMark => self.out.push_str(lexeme.raw),
        }
    }

    /// A backslash that continues no line is kept from doing so.
    fn end_escape(&mut self) {
        if std::mem::take(&mut self.escaped) {
            self.out.push(' ');
        }
    }

    fn word(&mut self, lexeme: &Lexeme<'_>) {
        if !self.has_words {
            self.imports = lexeme.is_bare("import");
            self.has_words = true;
        }
        if self.out.is_empty() && lexeme.raw.starts_with('\u{feff}') {
            // At the very beginning it would be a byte order mark.
            self.out.push('\n');
            self.newlines = 0;
            self.line_start = true;
        }
        self.place();
        self.copy(lexeme);
        self.in_comment |= lexeme.kind == LexemeKind::Word(Quote::None) && has_hash(lexeme.raw);
    }

    /// Writes a lexeme as it is, and notes what must not happen to the text after it.
    fn copy(&mut self, lexeme: &Lexeme<'_>) {
        self.out.push_str(lexeme.raw);
        if self.like_heredoc || lexeme.quote().is_some() {
            self.kept = self.out.len();
        }
        if lexeme.kind == LexemeKind::Space && !lexeme.raw.starts_with(' ') {
            return;
        }
        self.like_heredoc = lexeme.kind == LexemeKind::Word(Quote::None)
            && lexeme.raw.starts_with(['<', '\r'])
            && lexeme.raw.chars().filter(|&ch| ch != '\r').take(2).eq("<<".chars());
        self.unfinished = is_unfinished(lexeme);
    }

    /// Writes the white space that belongs before a word or comment.
    fn place(&mut self) {
        let newlines = if self.out.is_empty() || self.opened { 0 } else { self.newlines.min(2) };
        if newlines > 0 {
            self.line_start = true;
            self.closed = false;
        }
        self.out.extend(std::iter::repeat_n('\n', newlines));
        if self.line_start || self.out.is_empty() {
            self.indent();
            if self.closed && self.depth == 0 {
                self.out.push_str("\n\n");
            }
        } else if self.spaced {
            self.out.push(' ');
        }
        self.after_placing();
    }

    fn after_placing(&mut self) {
        self.newlines = 0;
        self.spaced = false;
        self.line_start = false;
        self.opened = false;
        self.closed = false;
        self.like_heredoc = false;
    }

    fn indent(&mut self) {
        self.out.push_str(&INDENT[..self.depth.min(INDENT.len())]);
    }

    fn space(&mut self, raw: &str) {
        let mut chars = raw.chars();
        if self.escaped {
            chars.next();
        } else if self.like_heredoc && raw.starts_with(' ') {
            self.out.extend(chars.next());
            self.kept = self.out.len();
            self.like_heredoc = false;
        }
        self.spaced |= chars.next().is_some();
    }

    fn newline(&mut self) {
        self.spaced = true;
        if std::mem::take(&mut self.in_comment) {
            self.out.push('\n');
            self.line_start = true;
            self.closed = false;
            return;
        }
        self.newlines += 1;
        self.imported = self.depth == 0 && self.has_words && self.imports;
        self.has_words = false;
    }

    fn open(&mut self) {
        // A word such as `{$NAME}` at the end of the line before counts as a closing brace here.
        if self.depth == 0 && self.out.ends_with('}') && (self.closed || self.newlines > 0) {
            self.out.push_str("\n\n");
            self.line_start = true;
        }
        // At the top level a line that imports something is followed by a block of its own: the global options.
        if self.newlines > 0 && self.imported {
            self.end_line();
        } else if self.line_start || self.out.is_empty() {
            self.indent();
        } else if !self.out.ends_with(' ') {
            self.out.push(' ');
        }
        self.out.push_str("{\n");
        self.after_placing();
        self.depth += 1;
        self.line_start = true;
        self.opened = true;
    }

    fn close(&mut self) {
        self.end_line();
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.out.push('}');
        self.after_placing();
        self.line_start = true;
        self.closed = true;
        self.has_words = true;
        self.imports = false;
        self.kept = self.out.len();
        self.unfinished = false;
    }

    fn end_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    pub(crate) fn finish(mut self) -> String {
        if self.unfinished {
            return self.out;
        }
        if self.like_heredoc {
            self.out.push(' ');
            self.kept = self.out.len();
        }
        let end = self.kept + self.out[self.kept..].trim_end().len();
        self.out.truncate(end);
        self.out.push('\n');
        self.out
    }
}

/// Whether a bare word holds a `#` that no backslash escapes.
fn has_hash(raw: &str) -> bool {
    let mut escaped = false;
    raw.contains('#')
        && raw.chars().any(|ch| {
            let hash = ch == '#' && !escaped;
            escaped = ch == '\\' && !escaped;
            hash
        })
}

/// Whether a quote or heredoc is still open where the lexeme, and with it the text, ends.
fn is_unfinished(lexeme: &Lexeme<'_>) -> bool {
    match lexeme.kind {
        // Only a quote that is never closed makes a bare word that begins with one.
        LexemeKind::Word(Quote::None) | LexemeKind::Void => {
            lexeme.raw.starts_with(['\\', '"', '`'])
                && lexeme.raw.strip_prefix('\\').map_or(lexeme.raw, str::trim_start).starts_with(['"', '`'])
        }
        LexemeKind::Word(Quote::Heredoc) => {
            let (opening, body) = lexeme.raw.split_once('\n').unwrap_or((lexeme.raw, ""));
            let marker = opening.trim_start_matches('<').replace('\r', "");
            !body.ends_with(&marker)
        }
        LexemeKind::Word(Quote::Double | Quote::Backtick)
        | LexemeKind::Space
        | LexemeKind::Newline
        | LexemeKind::Continuation
        | LexemeKind::Comment
        | LexemeKind::Backslash
        | LexemeKind::ByteOrderMark => false,
    }
}
