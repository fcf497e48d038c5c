//! One JSON object a line for each diagnostic, for tools.

use serde::Serialize;

use crate::{
    Diagnostic, Origin, OriginKind, Sources, Span,
    render::{place, to_json},
};

/// A diagnostic. Places count lines and columns (in characters) from 1; ends are exclusive; without a place they are
/// null.
#[derive(Serialize)]
struct Record<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    /// Absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    labels: Vec<Labelled<'a>>,
    /// The imports that brought the text, innermost first.
    import_chain: Vec<Labelled<'a>>,
}

/// A second place.
#[derive(Serialize)]
struct Labelled<'a> {
    text: String,
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostics.iter().map(|diagnostic| to_json(&record(diagnostic, sources)) + "\n").collect()
}

fn record<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Record<'a> {
    let at = diagnostic.span.map(|span| place(sources, span));
    let at = at.as_ref();
    let labels = diagnostic.labels.iter().map(|label| labelled(label.text.clone(), label.span, sources));
    let chain = diagnostic.imports();
    Record {
        code: diagnostic.code.0,
        severity: diagnostic.severity.name(),
        message: &diagnostic.message,
        file: at.map(|at| at.file),
        line: at.map(|at| at.line),
        column: at.map(|at| at.column),
        end_line: at.map(|at| at.end_line),
        end_column: at.map(|at| at.end_column),
        help: diagnostic.help.as_deref(),
        labels: labels.collect(),
        import_chain: chain.map(|origin| labelled(imported(origin), origin.at, sources)).collect(),
    }
}

fn labelled(text: String, span: Span, sources: &Sources) -> Labelled<'_> {
    let at = place(sources, span);
    Labelled {
        text,
        file: at.file,
        line: at.line,
        column: at.column,
        end_line: at.end_line,
        end_column: at.end_column,
    }
}

/// What an import says about itself.
pub(super) fn imported(origin: &Origin) -> String {
    match &origin.kind {
        OriginKind::File => "imported here".to_owned(),
        OriginKind::Snippet(name) => format!("snippet '{name}' is imported here"),
    }
}
