//! Whether a text is formatted already, and where it begins not to be.

use crate::{Diagnostic, Source, SourceId, Span, errors, format::format};

/// The warning that Caddy gives for a text that its formatter would change, on the first line that differs. Line
/// feeds of Windows do not count as a difference.
#[must_use]
pub fn format_lint(id: SourceId, source: &Source) -> Option<Diagnostic> {
    let text = &source.text;
    let normalized = text.replace("\r\n", "\n");
    let formatted = format(&normalized);
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
