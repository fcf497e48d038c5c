//! `<<MARKER` up to the first place where the marker stands again, with the indent of that last line removed.

use crate::{
    lexer::{LexemeKind, Lexer, ProblemKind},
    token::Quote,
};

impl Lexer<'_, '_> {
    /// Reads a heredoc. Its opening, `<<` and perhaps a marker, has been read from `start..end`; the lexer stands
    /// before the line feed after it.
    pub(super) fn heredoc(&mut self, start: usize, end: usize) {
        let line = self.line;
        let marker = self.word[2..].to_owned();
        let problem = if marker.is_empty() {
            Some(ProblemKind::NoHeredocMarker { line })
        } else if marker.starts_with('<') {
            Some(ProblemKind::TooManyLessThan { line })
        } else if !marker.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
            Some(ProblemKind::BadHeredocMarker { line, marker: marker.clone() })
        } else {
            None
        };
        if let Some(problem) = problem {
            self.problem(problem, start..end);
            self.emit_word(Quote::None, start..end, line);
            return self.after_bare(end, false);
        }

        let body = self.at + 1;
        let rest = &self.text[body..];
        // The marker ends the heredoc wherever it stands, even inside a word.
        let length = rest.find(&marker);
        let content = &rest[..length.unwrap_or(rest.len())];
        self.skipped += 1 + content.matches('\n').count() as u32;
        self.at = body + content.len();
        if length.is_none() {
            if rest.is_empty() {
                self.skipped -= 1;
                self.emit(LexemeKind::Void, start..end);
                return self.after_bare(end, false);
            }
            let line = self.line + self.skipped;
            self.problem(ProblemKind::IncompleteHeredoc { line, marker }, start..end);
            content.clone_into(&mut self.word);
        } else {
            self.at += marker.len();
            let text = self.without_indent(content, &marker, start..end);
            self.word = text;
        }
        self.emit_word(Quote::Heredoc, start..self.at, line);
        self.line += self.skipped;
        self.skipped = 0;
    }

    /// Strips from each line the text that stands before the closing marker. Carriage returns and the last line
    /// feed go too.
    fn without_indent(&mut self, content: &str, marker: &str, opening: std::ops::Range<usize>) -> String {
        let Some((lines, indent)) = content.rsplit_once('\n') else {
            return String::new();
        };
        let mut out = String::with_capacity(lines.len());
        for (number, line) in lines.split('\n').enumerate() {
            if number > 0 {
                out.push('\n');
            }
            if line.is_empty() || line == "\r" {
                continue;
            }
            let stripped = line.strip_prefix(indent).unwrap_or_else(|| {
                let kind = ProblemKind::HeredocIndent {
                    line: self.line + number as u32 + 1,
                    marker: marker.to_owned(),
                    text: line.trim_end_matches('\r').to_owned(),
                    indent: indent.to_owned(),
                };
                self.problem(kind, opening.clone());
                line
            });
            out.extend(stripped.chars().filter(|&ch| ch != '\r'));
        }
        out
    }
}
