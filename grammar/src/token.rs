//! Words of a Caddyfile after expansion, each knowing where it came from.

use std::{rc::Rc, sync::Arc};

use crate::source::Span;

/// How a word was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quote {
    /// Bare.
    #[default]
    None,
    /// Between double quotes, where only `\"` is an escape.
    Double,
    /// Between backticks, without escapes.
    Backtick,
    /// A heredoc.
    Heredoc,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The text without quotes, after substitution of arguments and environment variables.
    /// Shared with equal words. Words do not leave the thread that read them.
    pub text: Rc<str>,
    /// How it was written.
    pub quote: Quote,
    /// Where it stands in the original text; for a substituted word, where the placeholder stands.
    pub span: Span,
    /// The line on which Caddy's lexer says it starts, counted from 1.
    pub line: u32,
    /// The imports that brought it here, innermost first.
    pub origin: Option<Arc<Origin>>,
}

/// One step of an import chain.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// What was imported.
    pub kind: OriginKind,
    /// The `import` statement.
    pub at: Span,
    /// The import that brought that statement.
    pub parent: Option<Arc<Origin>>,
}

/// What an `import` named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginKind {
    /// A file, by path or pattern.
    File,
    /// A snippet.
    Snippet(Arc<str>),
}

impl Origin {
    /// The same chain with other places.
    pub(crate) fn map_spans(&self, to: impl Fn(Span) -> Span + Copy) -> Arc<Self> {
        let parent = self.parent.as_ref().map(|parent| parent.map_spans(to));
        Arc::new(Self { kind: self.kind.clone(), at: to(self.at), parent })
    }
}

impl Token {
    /// Whether this is the bare word `text`, as structure requires: a quoted brace is an ordinary word.
    #[must_use]
    pub fn is_bare(&self, text: &str) -> bool {
        self.quote == Quote::None && &*self.text == text
    }

    /// Whether the word was quoted in any way.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.quote != Quote::None
    }
}
