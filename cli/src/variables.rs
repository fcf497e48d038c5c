//! Environment variables that a Caddyfile uses and nobody sets.

use caddis_grammar::{Diagnostic, Environment, Sources, Span};
use clap::ValueEnum;

/// What becomes of variables that are not set and have no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unset {
    /// Each is an error
    Error,
    /// Each is a warning
    Warn,
    /// They may be anything: what contains one is not judged
    Keep,
}

/// The placeholders of variables that are not set and have no default, comments left aside.
pub(crate) fn unset<'a>(
    sources: &'a Sources,
    environment: &'a impl Environment,
) -> impl Iterator<Item = (&'a str, Span)> {
    sources.entries().flat_map(move |(source, text)| {
        let starts = text.text.match_indices("{$").map(|(start, _)| start);
        starts.filter_map(move |start| {
            let name = text.text[start + 2..].split('}').next()?;
            let end = start + 2 + name.len() + 1;
            let is_unset = !name.is_empty()
                && end <= text.text.len()
                && !name.contains([':', '\n'])
                && environment.var(name).is_none()
                && !is_comment(&text.text[..start]);
            is_unset.then_some((name, Span { source, start: start as u32, end: end as u32 }))
        })
    })
}

/// Whether a text ends inside of a comment.
fn is_comment(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.starts_with('#') || line.contains(" #") || line.contains("\t#")
}

/// The findings without those at or around one of the places.
pub(crate) fn leave_out(findings: &mut Vec<Diagnostic>, places: &[Span]) {
    let touches = |span: Span| {
        places.iter().any(|place| {
            place.source == span.source
                && place.start < span.end.max(span.start + 1)
                && span.start < place.end
        })
    };
    findings.retain(|finding| !finding.span.is_some_and(touches));
}
