//! Request matchers: the table of their names, sets of them, and their definition under a name.

mod client_ip;
mod expression;
mod file;
pub(crate) mod header;
mod header_regexp;
mod host;
mod lines;
mod method;
mod not;
mod path;
mod path_regexp;
mod protocol;
mod query;
mod remote_ip;
mod tls;
mod url_pattern;
mod vars;
mod vars_regexp;

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use caddis_config::{
    Foreign,
    http::{self, MatcherSet},
};
use caddis_grammar::{Diagnostic, Quote, Span, Statement, Token};

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors, lint,
    registry::{ModuleReader, Unknown},
};

/// A kind of request matcher.
#[derive(Debug, Clone, Copy)]
pub struct MatcherKind {
    /// The last part of the module's ID `http.matchers.…`.
    pub name: &'static str,
    /// One sentence for lists and completion.
    pub summary: &'static str,
    /// Reads all lines of this matcher in one set at once, because most of them merge repeated lines.
    pub read: fn(&mut Cx<'_>, &Uses<'_>) -> Parsed<http::Matcher>,
}

/// The lines of one matcher in one set.
#[derive(Debug)]
pub struct Uses<'a> {
    /// At least one; each begins with the name of the matcher.
    pub lines: &'a [Statement],
    /// The name under which the set is defined, without the `@`; `None` in nested sets. Regular expressions take it as
    /// their own name.
    pub definition: Option<&'a str>,
}

/// All matchers of the standard distribution.
pub(crate) static MATCHERS: &[&MatcherKind] = &[
    &client_ip::MATCHER,
    &expression::MATCHER,
    &file::MATCHER,
    &header::MATCHER,
    &header_regexp::MATCHER,
    &host::MATCHER,
    &method::MATCHER,
    &not::MATCHER,
    &path::MATCHER,
    &path_regexp::MATCHER,
    &protocol::MATCHER,
    &query::MATCHER,
    &remote_ip::MATCHER,
    &tls::MATCHER,
    &url_pattern::MATCHER,
    &vars::MATCHER,
    &vars_regexp::MATCHER,
];

/// The named matchers that are visible where the reader stands.
#[derive(Debug, Default)]
pub struct Definitions {
    scopes: Vec<BTreeMap<Rc<str>, Definition>>,
}

#[derive(Debug)]
struct Definition {
    set: MatcherSet,
    span: Span,
    /// Snippets define matchers for whoever imports them, so that nobody need use them all.
    imported: bool,
    used: bool,
    /// What is written there, as a number.
    content: u64,
}

impl Definitions {
    /// Opens a scope; definitions in it end with it.
    pub(crate) fn enter(&mut self) {
        self.scopes.push(BTreeMap::new());
    }

    /// Whether a scope is open inside that of the site or named route.
    pub(crate) fn are_nested(&self) -> bool {
        self.scopes.len() > 1
    }

    /// Closes the innermost scope and yields a warning for each definition in it that nothing used.
    pub(crate) fn leave(&mut self) -> Vec<Diagnostic> {
        let scope = self.scopes.pop().unwrap_or_default();
        let own = || scope.iter().filter(|(_, definition)| !definition.imported);
        let unused = own().filter(|(_, definition)| !definition.used);
        let unused = unused.map(|(name, definition)| *errors::unused_matcher(name, definition.span));
        let used = own().filter(|(_, definition)| definition.used);
        let used = used.map(|(name, definition)| (&**name, definition.span, definition.content));
        unused.chain(lint::judge_matchers(used)).collect()
    }

    /// The set of a name with its `@`.
    pub(crate) fn find(&mut self, name: &str) -> Option<&MatcherSet> {
        let definition = self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name))?;
        definition.used = true;
        Some(&definition.set)
    }

    /// Where the set of a name with its `@` is defined.
    pub(crate) fn place_of(&self, name: &str) -> Option<Span> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).map(|definition| definition.span)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().flat_map(|scope| scope.keys()).map(AsRef::as_ref)
    }

    fn insert(&mut self, name: &Token, set: MatcherSet, content: u64) {
        if self.scopes.is_empty() {
            self.enter();
        }
        if let Some(scope) = self.scopes.last_mut() {
            let imported = name.origin.is_some();
            scope.insert(
                name.text.clone(),
                Definition { set, span: name.span, imported, used: false, content },
            );
        }
    }
}

/// Whether a statement defines a matcher.
pub(crate) fn is_definition(statement: &Statement) -> bool {
    statement.name().text.starts_with('@')
}

/// Reads the matcher set that stands in the arguments of a statement (`not path /x`) or in its block.
pub(crate) fn nested_set(cx: &mut Cx<'_>, statement: &Statement) -> Parsed<MatcherSet> {
    cx.read_set(&set_lines(statement), None)
}

impl Cx<'_> {
    /// Reads `@name matcher args…` or `@name { … }` into the innermost scope. A name whose definition is wrong is
    /// defined all the same, so that its uses are not findings too.
    pub(crate) fn define_matcher(&mut self, statement: &Statement) {
        let name = statement.name();
        if let Some(first) = self.matchers.place_of(&name.text) {
            self.report(errors::duplicate_matcher(name, first));
            return;
        }
        let set = match statement.args() {
            // A quoted word cannot be the name of a matcher: it is an expression.
            [first, ..] if first.is_quoted() => self.read_set(&[expression(first)], Some(&name.text[1..])),
            _ => self.read_set(&set_lines(statement), Some(&name.text[1..])),
        };
        let set = self.keep(set).unwrap_or_default();
        lint::judge_set(self, statement, &set);
        let content = lint::content(statement.args(), statement.children());
        self.matchers.insert(name, set, content);
    }

    /// The set that a word names as a directive's first argument: `None` where the word is no matcher, an empty option
    /// inside where it matches everything.
    ///
    /// # Errors
    /// A name that is not defined.
    pub(crate) fn matcher_of(&mut self, word: &Token) -> Parsed<Option<Option<MatcherSet>>> {
        if &*word.text == "*" {
            return Ok(Some(None));
        }
        if word.text.starts_with('/') {
            let path = http::matchers::Path(vec![word.text.to_string()]);
            return Ok(Some(Some(MatcherSet::from_iter([path]))));
        }
        if !word.text.starts_with('@') {
            return Ok(None);
        }
        match self.matchers.find(&word.text) {
            Some(set) => Ok(Some(Some(set.clone()))),
            None => Err(errors::unknown_matcher_name(word, self.matchers.names())),
        }
    }

    fn read_set(&mut self, lines: &[Statement], definition: Option<&str>) -> Parsed<MatcherSet> {
        let mut by_name: Vec<(Rc<str>, Vec<Statement>)> = Vec::new();
        let mut waiting: VecDeque<Statement> = lines.iter().cloned().collect();
        while let Some(mut line) = waiting.pop_front() {
            // In the block of a definition Caddy takes a quoted word for a name all the same.
            if definition.is_none() && line.name().is_quoted() {
                if line.words.len() > 1 {
                    waiting.push_front(line.from(1));
                }
                line = expression(line.name());
            }
            match by_name.iter_mut().find(|(name, _)| *name == line.name().text) {
                Some((_, lines)) => lines.push(line),
                None => by_name.push((line.name().text.clone(), vec![line])),
            }
        }
        let mut set = MatcherSet::default();
        for (matcher_name, lines) in by_name {
            let read = match MATCHERS.iter().find(|matcher| *matcher.name == *matcher_name) {
                Some(matcher) => (matcher.read)(self, &Uses { lines: &lines, definition }),
                None => self.foreign_matcher(&lines),
            };
            if let Some(read) = self.keep(read) {
                set.insert(read);
            }
        }
        Ok(set)
    }
}

impl Cx<'_> {
    /// Reads the lines of a matcher that is not in the table.
    fn foreign_matcher(&mut self, lines: &[Statement]) -> Parsed<http::Matcher> {
        const NAMESPACE: &str = <http::Matcher as caddis_config::Module>::NAMESPACE;
        let name = lines[0].name();
        let registry = self.registry;
        match registry.module(NAMESPACE, &name.text) {
            Some(ModuleReader::Declared(declaration)) => declaration.read_lines(self, lines).map(Into::into),
            Some(ModuleReader::Written(read)) => {
                if let Some(second) = lines.get(1) {
                    return Err(errors::already_specified(second.name(), &name.text));
                }
                read(self, &lines[0]).map(Into::into)
            }
            None => {
                let known = MATCHERS.iter().map(|matcher| matcher.name);
                let known = known.chain(registry.module_names(NAMESPACE));
                let finding = errors::unknown_matcher(name, known);
                self.skip(finding, Unknown::SkipAll)?;
                let config = serde_json::Map::new().into();
                Ok(Foreign { name: name.text.to_string(), config }.into())
            }
        }
    }
}

/// The lines of a set: what follows the first word, or else the block.
fn set_lines(statement: &Statement) -> Vec<Statement> {
    if statement.args().is_empty() { statement.children().to_vec() } else { vec![statement.from(1)] }
}

/// The line that a quoted word in the place of a matcher's name stands for.
fn expression(word: &Token) -> Statement {
    let name = Token { text: Rc::from("expression"), quote: Quote::None, ..word.clone() };
    Statement { words: vec![name, word.clone()], block: None }
}
