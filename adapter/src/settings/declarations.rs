//! The tables `directives`, `options` and `modules` of `caddis.toml`.

use std::sync::Arc;

use caddis_grammar::Span;

use super::{Entries, Entry, File, Wrong, shape::SHAPE_KEYS};
use crate::{
    errors::plugins as errors,
    options::OPTIONS,
    plugins::{Declaration, Kind},
    registry::{Name, Registry},
};

/// A directive's place in the order as it is written, with the place of the text.
struct Order<'t> {
    name: &'t str,
    words: Vec<&'t str>,
    span: Span,
}

impl File {
    pub(super) fn declarations(&mut self, tables: &Entries<'_>, registry: &mut Registry) {
        let standard = caddis_config::module_ids();
        let is_standard = |id: &str| standard.binary_search_by(|known| known.as_str().cmp(id)).is_ok();
        for (name, entry) in self.members(tables, "options") {
            let Ok(declaration) = self.declaration(name, entry, &["app"], "app") else { continue };
            if self.no_object(entry.0, &declaration) {
                continue;
            }
            if OPTIONS.iter().any(|row| row.name == name) {
                self.report(errors::built_in(entry.0, "option", name));
            } else if is_standard(&declaration.module) {
                self.report(errors::built_in(entry.0, "app", &declaration.module));
            } else {
                registry.declare_option(Arc::new(declaration));
            }
        }
        for (id, entry) in self.members(tables, "modules") {
            let Some((namespace, name)) = id.rsplit_once('.') else {
                let message = format!("'{id}' is no module ID: expected for example dns.providers.{id}");
                self.report(errors::inconsistent(entry.0, message));
                continue;
            };
            let Ok(declaration) = self.declaration(name, entry, &[], "") else { continue };
            let may_be_anything = namespace == "http.matchers";
            if !may_be_anything && self.no_object(entry.0, &declaration) {
                continue;
            }
            if is_standard(id) {
                self.report(errors::built_in(entry.0, "module", id));
            } else {
                registry.declare_module(namespace.to_owned(), Arc::new(declaration));
            }
        }
        let mut orders = Vec::new();
        let own = ["handler", "order", "matcher"];
        for (name, entry) in self.members(tables, "directives") {
            let Ok(declaration) = self.declaration(name, entry, &own, "handler") else { continue };
            if self.no_object(entry.0, &declaration) {
                continue;
            }
            if registry.directive(name).is_some() {
                self.report(errors::built_in(entry.0, "directive", name));
                continue;
            }
            orders.extend(self.order(name, entry));
            registry.declare_directive(Arc::new(declaration));
        }
        self.place(orders, registry);
    }

    /// The declarations of a table in the order of the file.
    fn members<'t>(&mut self, tables: &Entries<'t>, key: &str) -> Vec<(&'t str, Entry<'t>)> {
        let Some(entry) = tables.get(key) else { return Vec::new() };
        let Ok(table) = self.table(key, *entry) else { return Vec::new() };
        let mut members: Vec<_> = self.all(table).into_iter().collect();
        members.sort_by_key(|(_, (span, _))| span.start);
        members
    }

    /// One declaration; `own` are the keys of its table beside those of every shape, `module` the one of them that says
    /// what the module in the JSON is called.
    fn declaration(
        &mut self,
        name: &str,
        entry: Entry<'_>,
        own: &[&str],
        module: &str,
    ) -> Result<Declaration, Wrong> {
        let table = self.table(name, entry)?;
        let known: Vec<&str> = ["package"].iter().chain(own).chain(SHAPE_KEYS).copied().collect();
        let entries = self.entries(table, &known);
        let package = self.optional_text(&entries, "package")?.map(str::to_owned);
        let module = self.optional_text(&entries, module)?.unwrap_or(name).to_owned();
        let takes_matcher = self.truth_or(&entries, "matcher", true)?;
        let kind = self.kind(entry.0, &entries, Kind::Object(Default::default()))?;
        Ok(Declaration { name: name.to_owned(), module, package, takes_matcher, kind })
    }

    fn no_object(&mut self, at: Span, declaration: &Declaration) -> bool {
        let wrong = !declaration.kind.is_object();
        if wrong {
            let message =
                format!("'{}' must become an object in the JSON: the type is for lines", declaration.name);
            self.report(errors::inconsistent(at, message));
        }
        wrong
    }

    fn order<'t>(&mut self, name: &'t str, entry: Entry<'t>) -> Option<Order<'t>> {
        let table = self.table(name, entry).ok()?;
        let entry = *self.all(table).get("order")?;
        let text = self.text("order", entry).ok()?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let span = self.span(entry.1.span());
        if !matches!(words[..], ["first" | "last"] | ["before" | "after", _]) {
            self.report(errors::bad_order(span, text));
            return None;
        }
        Some(Order { name, words, span })
    }

    /// Puts directives into the order; one may stand beside another that is declared further down.
    fn place(&mut self, mut waiting: Vec<Order<'_>>, registry: &mut Registry) {
        loop {
            let before = waiting.len();
            waiting.retain(|order| {
                let at = match order.words[..] {
                    ["first"] => Some(0),
                    ["before", other] => registry.position(other),
                    ["after", other] => registry.position(other).map(|at| at + 1),
                    _ => Some(registry.order().len()),
                };
                let Some(at) = at else { return true };
                registry.place(at, Name::Owned(order.name.to_owned()));
                false
            });
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        for order in waiting {
            let neighbour = order.words[1];
            let known = registry.order().iter().map(AsRef::as_ref);
            self.report(errors::unknown_neighbour(order.span, neighbour, known));
        }
    }
}
