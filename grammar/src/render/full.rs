//! Diagnostics with the lines in question, drawn by miette.

use std::{error, fmt};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use crate::{
    Diagnostic, Severity, Source, Sources, Span,
    render::{Place, json::imported, place},
};

/// The width where none is known, in columns.
pub(super) const WIDTH: usize = 100;

/// Writes diagnostics for people, `width` columns wide, with colours if wanted.
#[must_use]
pub fn render_for_terminal(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    width: usize,
    colors: bool,
) -> String {
    let theme = if colors { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_context_lines(1)
        .with_links(false)
        .with_show_related_as_nested(true);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let message = match diagnostic.span {
            Some(span) if !is_drawable(diagnostic, sources) => {
                let Place { file, line, column, .. } = place(sources, span);
                Some(format!("{file}:{line}:{column}: {}", diagnostic.message))
            }
            _ => None,
        };
        let report = match &message {
            Some(message) => Report::without_text(diagnostic, message),
            None => Report::new(diagnostic, sources),
        };
        // Writing into a string does not fail, and a span outside of its text is drawn as a message alone.
        if handler.render_report(&mut out, &report).is_err() {
            out.push_str(&diagnostic.message);
        }
        out.push('\n');
    }
    out
}

/// The longest line in bytes that is shown: JSON is often written as a single one.
const MAX_LINE: usize = 1000;

/// Whether the lines that would be shown are of a length that people read.
fn is_drawable(diagnostic: &Diagnostic, sources: &Sources) -> bool {
    let labels = diagnostic.labels.iter().map(|label| label.span);
    diagnostic.span.into_iter().chain(labels).chain(diagnostic.imports().map(|origin| origin.at)).all(
        |span| {
            let text = &sources.get(span.source).text;
            let (start, end) = (span.start as usize, span.end as usize);
            let mut pieces = text[..start].rsplit('\n').take(2).chain(text[end..].split('\n').take(2));
            pieces.all(|piece| piece.len() <= MAX_LINE)
                && text[start..end].split('\n').all(|piece| piece.len() <= MAX_LINE)
        },
    )
}

/// What miette draws in one go: everything that lies in one text.
#[derive(Debug)]
struct Report<'a> {
    message: &'a str,
    code: &'a str,
    severity: miette::Severity,
    help: Option<&'a str>,
    text: Option<Text<'a>>,
    labels: Vec<LabeledSpan>,
    /// The same for other texts.
    related: Vec<Report<'a>>,
}

impl<'a> Report<'a> {
    fn without_text(diagnostic: &'a Diagnostic, message: &'a str) -> Self {
        Self {
            message,
            code: diagnostic.code.0,
            severity: match diagnostic.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            help: diagnostic.help.as_deref(),
            text: None,
            labels: Vec::new(),
            related: Vec::new(),
        }
    }

    fn new(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Self {
        let mut report = Self::without_text(diagnostic, &diagnostic.message);
        report.text = diagnostic.span.map(|span| Text(sources.get(span.source)));
        if let Some(span) = diagnostic.span {
            let own =
                diagnostic.labels.iter().find(|label| label.span == span).map(|label| label.text.clone());
            report.labels.push(LabeledSpan::new_primary_with_span(own, range(span)));
        }
        let chain = diagnostic.imports().map(|origin| (imported(origin), origin.at));
        let labels = diagnostic.labels.iter().map(|label| (label.text.clone(), label.span));
        for (text, span) in labels.filter(|(_, span)| Some(*span) != diagnostic.span).chain(chain) {
            report.add(text, span, diagnostic.span, sources);
        }
        report
    }

    fn add(&mut self, text: String, span: Span, primary: Option<Span>, sources: &'a Sources) {
        let label = LabeledSpan::new_with_span(Some(text), range(span));
        let source = sources.get(span.source);
        if primary.is_some_and(|primary| primary.source == span.source) {
            self.labels.push(label);
        } else if let Some(report) = self.related.iter_mut().find(|report| report.is_in(source)) {
            report.labels.push(label);
        } else {
            self.related.push(Report {
                message: &source.name,
                code: "",
                severity: miette::Severity::Advice,
                help: None,
                text: Some(Text(source)),
                labels: vec![label],
                related: Vec::new(),
            });
        }
    }

    fn is_in(&self, source: &Source) -> bool {
        self.text.is_some_and(|text| std::ptr::eq(text.0, source))
    }
}

fn range(span: Span) -> SourceSpan {
    SourceSpan::from(span.start as usize..span.end as usize)
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(self.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        let related = self.related.iter().map(|report| report as &dyn miette::Diagnostic);
        (!self.related.is_empty()).then(|| Box::new(related) as Box<dyn Iterator<Item = _>>)
    }
}

/// A source that tells miette its name.
#[derive(Debug, Clone, Copy)]
struct Text<'a>(&'a Source);

impl SourceCode for Text<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.0.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}
