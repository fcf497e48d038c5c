//! Diagnostics for people and machines.

mod concise;
mod full;
mod github;
mod json;
mod junit;
mod sarif;
#[cfg(test)]
mod tests;

pub use full::render_for_terminal;
pub use sarif::{Explanation, render_sarif};

use crate::{Diagnostic, Severity, Sources, Span};

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// With the lines in question, for people.
    #[default]
    Full,
    /// One line each: `file:line:column: severity[CODE]: message`.
    Concise,
    /// One JSON object a line.
    Json,
    /// Workflow commands, which GitHub shows beside the lines of a pull request.
    Github,
    /// One SARIF 2.1.0 document, for code scanning.
    Sarif,
    /// One JUnit XML document, for test reports: a test case for each file.
    Junit,
}

/// The names of the formats, as a command line takes them.
pub const FORMATS: [(&str, Format); 6] = [
    ("full", Format::Full),
    ("concise", Format::Concise),
    ("json", Format::Json),
    ("github", Format::Github),
    ("sarif", Format::Sarif),
    ("junit", Format::Junit),
];

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        FORMATS.iter().find(|(known, _)| *known == name).map(|&(_, format)| format).ok_or_else(|| {
            let known: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
            format!("unknown format of diagnostics '{name}'; known are {}", known.join(", "))
        })
    }
}

/// Writes diagnostics that lie in `sources`. Without colours; no diagnostics make an empty text, except in SARIF
/// and JUnit, where they make a document without results.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, format: Format) -> String {
    match format {
        Format::Full => render_for_terminal(diagnostics, sources, full::WIDTH, false),
        Format::Concise => concise::render(diagnostics, sources),
        Format::Json => json::render(diagnostics, sources),
        Format::Github => github::render(diagnostics, sources),
        Format::Sarif => render_sarif(diagnostics, sources, |_| None),
        Format::Junit => junit::render(diagnostics, sources),
    }
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A span as people name it. The end is exclusive.
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

fn place(sources: &Sources, span: Span) -> Place<'_> {
    let source = sources.get(span.source);
    let (start, end) = (source.location(span.start), source.location(span.end));
    Place {
        file: start.file,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

/// `caddis` writes JSON of its own making, which cannot fail to be written.
fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("keys are strings and numbers are finite")
}
