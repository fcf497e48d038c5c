//! `caddis.toml`: what a project says about its Caddyfiles, namely the levels of warnings and the plugins they use.

mod declarations;
mod levels;
mod shape;

use std::{collections::BTreeMap, ops::Range};

use caddis_grammar::{Diagnostic, Levels, Severity, SourceId, Sources, Span};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

pub use self::levels::WARNINGS;
use crate::{errors::plugins as errors, registry::Registry};

/// What a `caddis.toml` says.
#[derive(Debug)]
pub struct Settings {
    /// The registry that was given, and the plugins.
    pub registry: Registry,
    /// The levels of warnings.
    pub levels: Levels,
    /// What is wrong with the file, in the order of its places. With errors among it the rest is not to be relied on.
    pub diagnostics: Vec<Diagnostic>,
    /// The file, into which the findings point.
    pub sources: Sources,
}

impl Settings {
    /// Reads the text of a file that the user calls `name`. Its plugins are added to `registry`.
    #[must_use]
    pub fn parse(name: &str, text: &str, registry: Registry) -> Self {
        let mut sources = Sources::default();
        let source = sources.add(name, text);
        let (document, problems) = DeTable::parse_recoverable(text);
        let mut file = File { source, findings: Vec::new() };
        for problem in problems {
            let span = file.span(problem.span().unwrap_or_default());
            file.report(errors::bad_toml(span, problem.message()));
        }
        let mut settings = Self { registry, levels: Levels::default(), diagnostics: Vec::new(), sources };
        // Most projects have no settings, and starting costs as little as that.
        if file.findings.is_empty() && !document.get_ref().is_empty() {
            file.read(document.get_ref(), &mut settings);
        }
        settings.diagnostics = file.findings;
        settings.diagnostics.sort_by_key(|finding| finding.span.map(|span| span.start));
        settings
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// The file while it is read.
struct File {
    source: SourceId,
    findings: Vec<Diagnostic>,
}

/// A key with its value, in a table whose keys are known to be right.
type Entry<'t> = (Span, &'t Spanned<DeValue<'t>>);

/// A table whose keys were checked.
type Entries<'t> = BTreeMap<&'t str, Entry<'t>>;

/// A value that was found wrong; the finding is recorded.
struct Wrong;

impl File {
    fn span(&self, range: Range<usize>) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { source: self.source, start: offset(range.start), end: offset(range.end) }
    }

    fn report(&mut self, finding: impl Into<Box<Diagnostic>>) {
        self.findings.push(*finding.into());
    }

    fn wrong<T>(&mut self, finding: Box<Diagnostic>) -> Result<T, Wrong> {
        self.report(finding);
        Err(Wrong)
    }

    fn read(&mut self, document: &DeTable<'_>, settings: &mut Settings) {
        const TABLES: [&str; 4] = ["directives", "levels", "modules", "options"];
        let tables = self.entries(document, &TABLES);
        if let Some(levels) = tables.get("levels") {
            self.levels(*levels, &mut settings.levels);
        }
        self.declarations(&tables, &mut settings.registry);
    }

    /// The members of a table in the order of their names.
    fn all<'t>(&self, table: &'t DeTable<'_>) -> Entries<'t> {
        let entry = |(key, value): (&'t Spanned<_>, &'t Spanned<DeValue<'_>>)| {
            let key: &'t Spanned<std::borrow::Cow<'_, str>> = key;
            (key.get_ref().as_ref(), (self.span(key.span()), value))
        };
        table.iter().map(entry).collect()
    }

    /// The members of a table, of which all but `known` are findings.
    fn entries<'t>(&mut self, table: &'t DeTable<'_>, known: &[&str]) -> Entries<'t> {
        let mut entries = self.all(table);
        entries.retain(|key, (span, _)| {
            let right = known.contains(key);
            if !right {
                self.findings.push(*errors::unknown_key(*span, key, known.iter().copied()));
            }
            right
        });
        entries
    }

    fn mismatch<T>(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> Result<T, Wrong> {
        let span = self.span(value.span());
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.wrong(errors::wrong_type(span, key, expected, found))
    }

    fn table<'t>(&mut self, key: &str, (_, value): Entry<'t>) -> Result<&'t DeTable<'t>, Wrong> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => self.mismatch(key, value, "a table"),
        }
    }

    fn text<'t>(&mut self, key: &str, (_, value): Entry<'t>) -> Result<&'t str, Wrong> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => self.mismatch(key, value, "a string"),
        }
    }

    fn truth(&mut self, key: &str, (_, value): Entry<'_>) -> Result<bool, Wrong> {
        match value.get_ref() {
            DeValue::Boolean(truth) => Ok(*truth),
            _ => self.mismatch(key, value, "true or false"),
        }
    }

    /// The text of a key that may be left out.
    fn optional_text<'t>(&mut self, entries: &Entries<'t>, key: &str) -> Result<Option<&'t str>, Wrong> {
        entries.get(key).map(|entry| self.text(key, *entry)).transpose()
    }

    /// A truth value that may be left out.
    fn truth_or(&mut self, entries: &Entries<'_>, key: &str, default: bool) -> Result<bool, Wrong> {
        entries.get(key).map_or(Ok(default), |entry| self.truth(key, *entry))
    }
}
