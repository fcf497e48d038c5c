//! Findings as values: a code, a place, a sentence and a way out.

mod levels;

use std::sync::Arc;

pub use self::levels::{Level, Levels};
use crate::{source::Span, token::Origin};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file works; somebody will be surprised by what it does.
    Warning,
    /// The file cannot be used.
    Error,
}

/// The stable name of a kind of finding, for example `E0103`. Codes are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

/// A second place that explains the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable name.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence. Caddy's own where Caddy's is good.
    pub message: String,
    /// Where; `None` only when no text can be blamed.
    pub span: Option<Span>,
    /// Further places.
    pub labels: Vec<Label>,
    /// A way out.
    pub help: Option<String>,
    /// The imports that brought the text of `span` to where it was found wrong, innermost first.
    pub origin: Option<Arc<Origin>>,
}

impl Diagnostic {
    /// The same finding with other places.
    pub(crate) fn map_spans(mut self, to: impl Fn(Span) -> Span + Copy) -> Self {
        self.span = self.span.map(to);
        for label in &mut self.labels {
            label.span = to(label.span);
        }
        self.origin = self.origin.map(|origin| origin.map_spans(to));
        self
    }

    /// An error at a place.
    #[must_use]
    pub fn error(code: Code, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span: span.into(),
            labels: Vec::new(),
            help: None,
            origin: None,
        }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: Code, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a way out if there is one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<impl Into<String>>) -> Self {
        self.help = help.map(Into::into).or(self.help);
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The imports that brought the text, innermost first.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &Origin> {
        std::iter::successors(self.origin.as_deref(), |origin| origin.parent.as_deref())
    }

    /// Adds the imports that brought the text, as [`Token::origin`](crate::Token::origin) has them.
    #[must_use]
    pub fn brought_by(mut self, origin: Option<Arc<Origin>>) -> Self {
        self.origin = origin;
        self
    }
}
