//! Whether a text is formatted already, and where it begins not to be.

use std::borrow::Cow;

use crate::{Diagnostic, SourceId, Span, errors};

/// The warning that Caddy gives for a text that its formatter would change, on the first line that differs from what
/// was `formatted`. Line feeds of Windows do not count as a difference.
pub(crate) fn lint(id: SourceId, text: &str, formatted: &str) -> Option<Diagnostic> {
    let normalized = unix_lines(text);
    if formatted == normalized {
        return None;
    }
    let same = normalized.bytes().zip(formatted.bytes()).take_while(|(left, right)| left == right).count();
    let line = normalized.as_bytes()[..same].iter().filter(|&&byte| byte == b'\n').count();
    let start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    let length = text[start..].find('\n').unwrap_or(text.len() - start);
    let span = Span { source: id, start: start as u32, end: (start + length) as u32 };
    Some(errors::not_formatted(span))
}

/// The text without the carriage returns of Windows.
pub(crate) fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}
