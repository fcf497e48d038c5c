//! What a directive, matcher or option sees while it is read: the registry, the options, the site around it, and a
//! place to put findings.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use caddis_grammar::{Code, Diagnostic, Environment, Files, Origin as ImportOrigin, Sources, Span, Token};

use crate::{
    errors,
    matchers::Definitions,
    options::GlobalOptions,
    registry::{Registry, Unknown},
    routes::Groups,
    source_map::Origin,
};

/// The result of reading one piece of a Caddyfile. The error is one finding; whoever calls decides where to go on, so
/// that a file's findings all come out of one run.
pub type Parsed<T> = Result<T, Box<Diagnostic>>;

/// The surroundings of the statement that is being read.
pub struct Cx<'a> {
    /// The texts that spans point into.
    pub sources: &'a Sources,
    /// Directives, matchers and modules by name.
    pub registry: &'a Registry,
    /// Files that some directives name (certificates to embed).
    pub files: &'a dyn Files,
    /// The process environment as far as the language sees it.
    pub env: &'a dyn Environment,
    /// The global options; complete before the first site is read.
    pub options: &'a GlobalOptions,
    /// The named matchers of the site, and which of them were used.
    pub matchers: Definitions,
    /// Numbers the groups of mutually exclusive routes, one sequence for the whole file.
    pub groups: Groups,
    /// The files that the statements of this block come from, sorted: `file_server` hides them.
    pub caddyfiles: Vec<String>,
    /// Counters and references that belong to the file or the site.
    pub state: State,
    /// Where the routes of finished blocks come from that no directive around has claimed yet.
    pub(crate) nested: Vec<Vec<Origin>>,
    /// The names in finished blocks that are no directives, until the directive around has been read.
    pub(crate) unknown: Vec<Vec<Token>>,
    /// The imports that brought directives, by the places of their names; of several for one place the first.
    pub(crate) imported: HashMap<Span, Arc<ImportOrigin>>,
    /// Where the matchers of directives are, by the places of these.
    pub(crate) matched: HashMap<Span, Span>,
    /// The imports that brought what is being read.
    pub(crate) origin: Option<Arc<ImportOrigin>>,
    /// The findings so far.
    pub diagnostics: Vec<Diagnostic>,
    /// What was found, so that a snippet that is imported twice does not complain twice.
    reported: HashSet<(Code, Option<Span>, String)>,
}

/// What directives remember across statements.
#[derive(Debug, Default)]
pub struct State {
    /// The tag (`cert0`, …) of each certificate file, because one file must not be loaded twice.
    pub certificate_tags: BTreeMap<String, String>,
    /// How many loggers were named `log0`, … in this file.
    pub logs: usize,
    /// Named routes that were invoked, with the place.
    pub invoked: Vec<(String, Span)>,
    /// The hosts of the site around; none where it serves all, and outside of sites.
    pub hosts: Vec<String>,
}

impl<'a> Cx<'a> {
    /// The surroundings at the start of a file.
    pub(crate) fn new(
        sources: &'a Sources,
        registry: &'a Registry,
        files: &'a dyn Files,
        env: &'a dyn Environment,
        options: &'a GlobalOptions,
    ) -> Self {
        Self {
            sources,
            registry,
            files,
            env,
            options,
            matchers: Definitions::default(),
            groups: Groups::default(),
            caddyfiles: Vec::new(),
            state: State::default(),
            nested: Vec::new(),
            unknown: Vec::new(),
            imported: HashMap::new(),
            matched: HashMap::new(),
            origin: None,
            diagnostics: Vec::new(),
            reported: HashSet::new(),
        }
    }

    /// Records a finding, with the imports that brought what is being read, and goes on.
    pub fn report(&mut self, diagnostic: impl Into<Box<Diagnostic>>) {
        let mut diagnostic = *diagnostic.into();
        if self.reported.insert((diagnostic.code, diagnostic.span, diagnostic.message.clone())) {
            diagnostic.origin = diagnostic.origin.or_else(|| self.origin.clone());
            self.diagnostics.push(diagnostic);
        }
    }

    /// Does what concerns a word: findings are told with the imports that brought it.
    pub(crate) fn at<T>(&mut self, word: &Token, work: impl FnOnce(&mut Self) -> T) -> T {
        let around = std::mem::replace(&mut self.origin, word.origin.clone());
        let result = work(self);
        self.origin = around;
        result
    }

    /// The value, or `None` with the finding recorded.
    pub fn keep<T>(&mut self, parsed: Parsed<T>) -> Option<T> {
        parsed.map_err(|diagnostic| self.report(diagnostic)).ok()
    }

    /// Records what is wrong with something unknown as a warning where the run goes on past it.
    ///
    /// # Errors
    /// `finding`, where the run does not.
    pub(crate) fn skip(&mut self, finding: Box<Diagnostic>, from: Unknown) -> Parsed<()> {
        if !self.skips(from) {
            return Err(finding);
        }
        self.report(errors::plugins::skipped(finding));
        Ok(())
    }

    /// `finding`, as a warning where the run goes on past what is unknown.
    pub(crate) fn unless_skipped(&self, finding: Box<Diagnostic>, from: Unknown) -> Box<Diagnostic> {
        if self.skips(from) { errors::plugins::skipped(finding) } else { finding }
    }

    fn skips(&self, from: Unknown) -> bool {
        match self.registry.unknown() {
            Unknown::Refuse => false,
            Unknown::SkipRaw => from == Unknown::SkipRaw,
            Unknown::SkipAll => true,
        }
    }
}
