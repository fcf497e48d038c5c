//! Texts and places in them.

use std::sync::{Arc, OnceLock};

use crate::Diagnostic;

/// Identifies one text in a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

impl SourceId {
    /// The text that was added first.
    pub const FIRST: SourceId = SourceId(0);
}

/// A half-open range of bytes in the original text of one source, before any substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The same place after as many texts more.
    fn moved(self, by: u32) -> Span {
        Span { source: SourceId(self.source.0 + by), ..self }
    }

    /// The smallest span that covers both; `self` when they lie in different sources.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One text with its name, as it was read.
#[derive(Debug)]
pub struct Source {
    /// The name as the user gave it; absolute for imported files.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Found when a place is asked for, which most runs never do.
    line_starts: OnceLock<Vec<u32>>,
}

/// A place as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location<'a> {
    /// The name of the source.
    pub file: &'a str,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

impl Source {
    fn renamed(&self, name: String) -> Self {
        Self { name, text: self.text.clone(), line_starts: self.line_starts.clone() }
    }

    fn new(name: String, text: String) -> Self {
        Self { name, text, line_starts: OnceLock::new() }
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(at, _)| at as u32 + 1);
            std::iter::once(0).chain(ends).collect()
        })
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    #[must_use]
    pub fn location(&self, offset: u32) -> Location<'_> {
        let line_starts = self.line_starts();
        let line = line_starts.partition_point(|&start| start <= offset).max(1);
        let start = line_starts[line - 1] as usize;
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self.text.get(start..end).map_or(0, |before| before.chars().count());
        Location { file: &self.name, line: line as u32, column: column as u32 + 1 }
    }
}

/// All texts of one run.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Arc<Source>>);

impl Sources {
    /// Adds a text and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.0.push(Arc::new(Source::new(name.into(), text.into())));
        SourceId(self.0.len() as u32 - 1)
    }

    /// The text of an id that this collection handed out.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// The same, for whoever adds others meanwhile.
    pub(crate) fn shared(&self, id: SourceId) -> Arc<Source> {
        self.0[id.0 as usize].clone()
    }

    /// The text that was added first: the main file.
    #[must_use]
    pub fn first(&self) -> Option<(SourceId, &Source)> {
        self.0.first().map(|source| (SourceId(0), source.as_ref()))
    }

    /// The place where a span begins.
    #[must_use]
    pub fn location(&self, span: Span) -> Location<'_> {
        self.get(span.source).location(span.start)
    }

    /// Whether an environment variable is part of a place, so that its words may be others elsewhere.
    #[must_use]
    pub fn has_variable(&self, span: Span) -> bool {
        let text = self.get(span.source).text.get(span.start as usize..span.end as usize);
        text.is_some_and(|text| text.contains("{$"))
    }

    /// The lines of a place, whole.
    #[must_use]
    pub fn lines(&self, span: Span) -> Span {
        let text = &self.get(span.source).text;
        let (start, end) = (span.start as usize, span.end as usize);
        let start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
        let end =
            text.get(end..).and_then(|after| after.find('\n')).map_or(text.len(), |length| end + length);
        Span { start: start as u32, end: end as u32, ..span }
    }

    /// Takes over the texts of another run under names that `name` gives them, and returns that run's findings as they
    /// are to be read here.
    pub fn absorb(
        &mut self,
        other: &Sources,
        findings: impl IntoIterator<Item = Diagnostic>,
        name: impl Fn(&str) -> String,
    ) -> Vec<Diagnostic> {
        let by = self.0.len() as u32;
        self.0.extend(other.0.iter().map(|source| Arc::new(source.renamed(name(&source.name)))));
        findings.into_iter().map(|finding| finding.map_spans(|span| span.moved(by))).collect()
    }

    /// All texts in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// All texts with their ids.
    pub fn entries(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.iter().enumerate().map(|(at, source)| (SourceId(at as u32), source))
    }
}
