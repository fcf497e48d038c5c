//! Workflow commands: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use std::fmt::Write;

use crate::{Diagnostic, Sources, render::place};

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = write!(out, "::{} title={}", diagnostic.severity.name(), diagnostic.code.0);
        if let Some(span) = diagnostic.span {
            let at = place(sources, span);
            let _ = write!(out, ",file={},line={},endLine={}", property(at.file), at.line, at.end_line);
            // Columns are only understood within one line.
            if at.line == at.end_line {
                let _ = write!(out, ",col={},endColumn={}", at.column, at.end_column);
            }
        }
        let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        let _ = writeln!(out, "::{}", data(&format!("{}{help}", diagnostic.message)));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
