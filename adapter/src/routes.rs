//! Routes of one block: reading its directives, sorting, grouping, consolidating.

use caddis_config::http::{Matcher, Route, handlers::Subroute};
use caddis_grammar::{Diagnostic, Span, Statement};

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Item},
    errors,
    go_sort::stable_by,
    matchers::is_definition,
    registry::{Entry, Name, Unknown},
    source_map::{Origin, Traced},
};

/// Numbers the groups of mutually exclusive routes.
#[derive(Debug, Default)]
pub struct Groups(usize);

impl Groups {
    /// The next name: `group0`, `group1`, …
    pub fn next_name(&mut self) -> String {
        self.0 += 1;
        format!("group{}", self.0 - 1)
    }

    /// Puts the routes among the items into one group, if there are at least two.
    pub fn join(&mut self, items: &mut [Item]) {
        let is_route = |item: &&mut Item| matches!(item, Item::Route(_));
        if items.iter_mut().filter(is_route).count() < 2 {
            return;
        }
        let name = self.next_name();
        for item in items {
            if let Item::Route(route) = item {
                route.group.clone_from(&name);
            }
        }
    }
}

/// What a directive yielded, with the name by which it is sorted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    /// `handle` for `handle_path` too, because they exclude each other.
    pub(crate) directive: Name,
    /// The use of the directive.
    pub(crate) span: Span,
    /// What it yielded.
    pub(crate) item: Item,
    /// Where the blocks of directives inside come from.
    pub(crate) nested: Vec<Vec<Origin>>,
}

/// Directives of which only the first matching use is run, in the order in which groups are numbered.
const EXCLUSIVE: [&str; 3] = ["handle", "rewrite", "root"];

impl Cx<'_> {
    /// Reads the statements of a block as directives in a scope of their own and builds a subroute from them. With
    /// `sorted`, directives are put into their order and must have a place in it; without, they stay as written.
    ///
    /// # Errors
    /// None at present: everything found inside is recorded, and reading goes on.
    pub fn subroute(&mut self, statements: &[Statement], sorted: bool) -> Parsed<Subroute> {
        self.matchers.enter();
        let (mut placed, unknown) = self.read_directives(statements);
        self.unknown.push(unknown.into_iter().map(|statement| statement.name().clone()).collect());
        let unused = self.matchers.leave();
        self.diagnostics.extend(unused);
        self.order_routes(&mut placed, sorted);
        let (routes, origins) = Traced::split(self.build_routes(placed));
        self.nested.push(origins);
        Ok(Subroute { routes, ..Subroute::default() })
    }

    /// Reads matcher definitions first and then every other statement as a directive. What is no directive is left to
    /// the caller.
    pub(crate) fn read_directives<'s>(
        &mut self,
        statements: &'s [Statement],
    ) -> (Vec<Placed>, Vec<&'s Statement>) {
        for statement in statements.iter().filter(|statement| is_definition(statement)) {
            self.at(statement.name(), |cx| cx.define_matcher(statement));
        }
        let (mut placed, mut unknown) = (Vec::new(), Vec::new());
        let around = self.origin.take();
        for statement in statements.iter().filter(|statement| !is_definition(statement)) {
            let registry = self.registry;
            let Some(directive) = registry.directive(&statement.name().text) else {
                // A matcher beside it is in use, whatever the directive may be.
                if let Some(word) = statement.args().first() {
                    self.matchers.find(&word.text);
                }
                unknown.push(statement);
                continue;
            };
            self.origin.clone_from(&statement.name().origin);
            let outer = (std::mem::take(&mut self.nested), std::mem::take(&mut self.unknown));
            let items = self.call(directive, statement);
            let nested = std::mem::take(&mut self.nested);
            self.report_unknown(statement.block.as_ref().map(|block| block.close));
            (self.nested, self.unknown) = outer;
            if let Some(origin) = &statement.name().origin {
                self.imported.entry(statement.name().span).or_insert_with(|| origin.clone());
            }
            let name = if directive.name == "handle_path" { "handle".into() } else { directive.name.clone() };
            let span = statement.name().span;
            let items = self.keep(items).unwrap_or_default().into_iter();
            placed.extend(items.map(|item| Placed {
                directive: name.clone(),
                span,
                item,
                nested: nested.clone(),
            }));
        }
        self.origin = around;
        (placed, unknown)
    }

    /// Records the names in the blocks read last that are no directives. Several in one block that resemble none are
    /// the fault of the block, where its end is known, and one finding.
    pub(crate) fn report_unknown(&mut self, close: Option<Span>) {
        for names in std::mem::take(&mut self.unknown) {
            let strange = names.iter().all(|name| errors::suggested_directive(self, name).is_none());
            match close {
                Some(close) if strange && names.len() > 1 && self.registry.unknown() != Unknown::SkipAll => {
                    self.report(errors::not_directives(close, &names));
                }
                _ => {
                    for name in &names {
                        let finding = errors::unknown_nested_directive(self, name);
                        let finding = self.unless_skipped(finding, Unknown::SkipAll);
                        self.at(name, |cx| cx.report(finding));
                    }
                }
            }
        }
    }

    fn call(&mut self, directive: &Entry, statement: &Statement) -> Parsed<Vec<Item>> {
        let plain = Call { statement, line: statement, matcher: None, matcher_token: None };
        let word = match statement.args().first() {
            Some(word) if directive.takes_matcher => word,
            _ => return directive.read(self, &plain),
        };
        let Some(matcher) = self.matcher_of(word)? else {
            return directive.read(self, &plain);
        };
        let place = self.matchers.place_of(&word.text).unwrap_or(word.span);
        self.matched.insert(statement.name().span, place);
        let mut line = statement.clone();
        line.words.remove(1);
        directive.read(self, &Call { statement, line: &line, matcher, matcher_token: Some(word) })
    }

    /// Takes out what makes no route here, and sorts the rest where that is wanted.
    pub(crate) fn order_routes(&mut self, placed: &mut Vec<Placed>, sorted: bool) {
        if sorted {
            placed.retain(|placed| {
                let ordered = self.registry.position(&placed.directive).is_some();
                if !ordered {
                    self.report_placed(*errors::unordered_directive(&placed.directive, placed.span));
                }
                ordered
            });
            self.sort(placed);
        } else {
            placed.retain(|placed| {
                let route = matches!(placed.item, Item::Route(_) | Item::Routes(_));
                if !route {
                    self.report_placed(*errors::not_a_route(&placed.directive, placed.span));
                }
                route
            });
        }
    }

    /// Records a finding at the name of a directive that has been read.
    fn report_placed(&mut self, finding: Diagnostic) {
        let origin = finding.span.and_then(|span| self.imported.get(&span).cloned());
        self.report(finding.brought_by(origin));
    }

    /// Groups and consolidates what directives yielded.
    pub(crate) fn build_routes(&mut self, placed: Vec<Placed>) -> Vec<Traced> {
        let groups = self.number_groups(&placed);
        let mut routes = Vec::new();
        for Placed { directive, span, item, nested } in placed {
            match item {
                Item::Route(mut route) => {
                    if let Some((_, name)) = groups.iter().find(|(exclusive, _)| *exclusive == directive) {
                        route.group.clone_from(name);
                    }
                    routes.push(Traced::new(route, span, nested));
                }
                Item::Routes(together) => {
                    routes.extend(together.into_iter().map(|route| Traced::new(route, span, nested.clone())));
                }
                _ => {}
            }
        }
        consolidate(routes)
    }

    /// The groups of directives that exclude each other; an empty name where only one is used.
    fn number_groups(&mut self, placed: &[Placed]) -> [(&'static str, String); 3] {
        EXCLUSIVE.map(|directive| {
            let count = placed.iter().filter(|placed| placed.directive == directive).count();
            // A lone rewrite has a group too: it keeps the route from being joined with a neighbour of the same
            // matcher, which the rewritten request may no longer match.
            let grouped = count > 1 || directive == "rewrite";
            (directive, if grouped { self.groups.next_name() } else { String::new() })
        })
    }

    fn sort(&self, placed: &mut [Placed]) {
        stable_by(placed, |a, b| {
            if a.directive != b.directive {
                return self.registry.position(&a.directive) < self.registry.position(&b.directive);
            }
            let (Item::Route(route_a), Item::Route(route_b)) = (&a.item, &b.item) else { return false };
            let specific = more_specific(route_a, route_b);
            // A later `vars` overwrites an earlier one, so the most specific goes last.
            if a.directive == "vars" { !specific } else { specific }
        });
    }
}

/// Whether Caddy puts `a` before `b` where both are of one directive.
fn more_specific(a: &Route, b: &Route) -> bool {
    let (Some(path_a), Some(path_b)) = (single_path(a), single_path(b)) else {
        return !a.matchers.is_empty() && b.matchers.is_empty();
    };
    let trimmed_a = path_a.strip_suffix('*').unwrap_or(path_a);
    let trimmed_b = path_b.strip_suffix('*').unwrap_or(path_b);
    if trimmed_a == trimmed_b {
        path_a.len() < path_b.len()
    } else if trimmed_a.len() == trimmed_b.len() {
        trimmed_a < trimmed_b
    } else {
        trimmed_a.len() > trimmed_b.len()
    }
}

/// The path of a route with one matcher set that has a path matcher of one path that is not empty.
fn single_path(route: &Route) -> Option<&str> {
    let [set] = route.matchers.as_slice() else { return None };
    let Some(Matcher::Path(paths)) = set.get("path") else { return None };
    match paths.0.as_slice() {
        [path] if !path.is_empty() => Some(path),
        _ => None,
    }
}

/// Joins neighbours of the same matchers, group and finality.
pub(crate) fn consolidate(routes: Vec<Traced>) -> Vec<Traced> {
    let mut joined: Vec<Traced> = Vec::with_capacity(routes.len());
    for next in routes {
        match joined.last_mut() {
            Some(last)
                if last.route.matchers == next.route.matchers
                    && last.route.terminal == next.route.terminal
                    && last.route.group == next.route.group =>
            {
                last.route.handle.extend(next.route.handle);
                last.origin.handlers.extend(next.origin.handlers);
            }
            _ => joined.push(next),
        }
    }
    joined
}
