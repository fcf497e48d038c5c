//! One line for each diagnostic, as compilers and editors know it.

use std::fmt::Write;

use crate::{Diagnostic, Sources, render::place};

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostics.iter().map(|diagnostic| line(diagnostic, sources)).collect()
}

/// One finding, with a line feed at its end.
pub(super) fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut out = String::new();
    if let Some(span) = diagnostic.span {
        let at = place(sources, span);
        let _ = write!(out, "{}:{}:{}: ", at.file, at.line, at.column);
    }
    let message = diagnostic.message.replace('\n', " ");
    let _ = writeln!(out, "{}[{}]: {message}", diagnostic.severity.name(), diagnostic.code.0);
    out
}
