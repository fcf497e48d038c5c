//! The directives, matchers and modules that one run knows, and the order of directives.

use std::collections::BTreeMap;

use caddis_config::Foreign;
use caddis_grammar::Statement;

use crate::{
    cx::{Cx, Parsed},
    directive::Directive,
    directives,
};

/// Reads the Caddyfile form of a module that an embedding program brings. The statement begins with the module's name.
pub type ReadModule = fn(&mut Cx<'_>, &Statement) -> Parsed<Foreign>;

/// What a run knows. [`Registry::standard`] is the whole standard distribution.
#[derive(Debug, Clone)]
pub struct Registry {
    directives: BTreeMap<&'static str, Directive>,
    order: Vec<&'static str>,
    modules: BTreeMap<(String, String), ReadModule>,
}

impl Registry {
    /// Everything in the standard distribution, in Caddy's default order of directives.
    #[must_use]
    pub fn standard() -> Self {
        let all = directives::DIRECTIVES;
        Self {
            directives: all.iter().map(|directive| (directive.name, **directive)).collect(),
            order: all.iter().filter(|directive| directive.ordered).map(|directive| directive.name).collect(),
            modules: BTreeMap::new(),
        }
    }

    /// Adds a directive, or replaces the one of that name. An ordered one that is new goes to the end of the order.
    pub fn register_directive(&mut self, directive: Directive) {
        if directive.ordered && !self.order.contains(&directive.name) {
            self.order.push(directive.name);
        }
        self.directives.insert(directive.name, directive);
    }

    /// Adds a module to a namespace, for example `mock` to `dns.providers`.
    pub fn register_module(
        &mut self,
        namespace: impl Into<String>,
        name: impl Into<String>,
        read: ReadModule,
    ) {
        self.modules.insert((namespace.into(), name.into()), read);
    }

    /// The directive of a name.
    #[must_use]
    pub fn directive(&self, name: &str) -> Option<Directive> {
        self.directives.get(name).copied()
    }

    /// All names of directives, sorted.
    pub fn directive_names(&self) -> impl Iterator<Item = &'static str> {
        self.directives.keys().copied()
    }

    /// The place of a directive in the order of routes; `None` for those that stand outside it.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.order.iter().position(|&other| other == name)
    }

    /// The names of ordered directives, first to last.
    #[must_use]
    pub fn order(&self) -> &[&'static str] {
        &self.order
    }

    /// The same registry with another order of directives.
    #[must_use]
    pub fn with_order(mut self, order: Vec<&'static str>) -> Self {
        self.order = order;
        self
    }

    /// The reading function of a registered module.
    #[must_use]
    pub fn module(&self, namespace: &str, name: &str) -> Option<ReadModule> {
        self.modules.get(&(namespace.to_owned(), name.to_owned())).copied()
    }

    /// The names of the registered modules of a namespace.
    pub fn module_names<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a str> {
        self.modules.keys().filter(move |(other, _)| other == namespace).map(|(_, name)| name.as_str())
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::standard()
    }
}
