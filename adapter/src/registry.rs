//! The directives, options and modules that one run knows, and the order of directives.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use caddis_config::Foreign;
use caddis_grammar::Statement;

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives,
    plugins::Declaration,
};

/// The name of a directive.
pub type Name = Cow<'static, str>;

/// Reads the Caddyfile form of a module that an embedding program brings. The statement begins with the module's name.
pub type ReadModule = fn(&mut Cx<'_>, &Statement) -> Parsed<Foreign>;

/// What to do about what nothing is known of beyond its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// Everything unknown is an error. The default, and the only choice where the JSON will be used.
    #[default]
    Refuse,
    /// What a plugin declares as `raw` is left out of the JSON with a warning.
    SkipRaw,
    /// Directives, options, matchers and modules that are not known at all are left out as well.
    SkipAll,
}

/// What a run knows. [`Registry::standard`] is the whole standard distribution.
#[derive(Debug, Clone)]
pub struct Registry {
    directives: BTreeMap<Name, Entry>,
    order: Vec<Name>,
    modules: BTreeMap<(String, String), ModuleReader>,
    options: BTreeMap<String, Arc<Declaration>>,
    ids: BTreeSet<String>,
    unknown: Unknown,
}

/// A directive as the registry keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    pub(crate) takes_matcher: bool,
    reader: Reader,
}

#[derive(Debug, Clone)]
enum Reader {
    Written(fn(&mut Cx<'_>, &Call<'_>) -> Parsed<Vec<Item>>),
    Declared(Arc<Declaration>),
}

/// The way to read a registered module.
#[derive(Debug, Clone)]
pub(crate) enum ModuleReader {
    /// By a function of the embedding program.
    Written(ReadModule),
    /// By its declaration.
    Declared(Arc<Declaration>),
}

impl Registry {
    /// Everything in the standard distribution, in Caddy's default order of directives.
    #[must_use]
    pub fn standard() -> Self {
        let all = directives::DIRECTIVES;
        Self {
            directives: all
                .iter()
                .map(|directive| (directive.name.into(), Entry::from(**directive)))
                .collect(),
            order: all
                .iter()
                .filter(|directive| directive.ordered)
                .map(|directive| directive.name.into())
                .collect(),
            modules: BTreeMap::new(),
            options: BTreeMap::new(),
            ids: BTreeSet::new(),
            unknown: Unknown::default(),
        }
    }

    /// Adds a directive, or replaces the one of that name. An ordered one that is new goes to the end of the order.
    pub fn register_directive(&mut self, directive: Directive) {
        if directive.ordered && self.position(directive.name).is_none() {
            self.order.push(directive.name.into());
        }
        self.directives.insert(directive.name.into(), Entry::from(directive));
    }

    /// Adds a module to a namespace, for example `mock` to `dns.providers`.
    pub fn register_module(
        &mut self,
        namespace: impl Into<String>,
        name: impl Into<String>,
        read: ReadModule,
    ) {
        self.add_module(namespace.into(), name.into(), ModuleReader::Written(read));
    }

    /// Sets what happens to what is not known. Anything but [`Unknown::Refuse`] is for checking alone: parts are missing in
    /// the JSON.
    #[must_use]
    pub fn with_unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    /// What happens to what is not known.
    #[must_use]
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// What the JSON of this registry's Caddyfiles may name beyond the standard modules.
    #[must_use]
    pub fn decode_options(&self) -> caddis_config::Options {
        let mut options = caddis_config::Options::default();
        for id in &self.ids {
            options.register(id);
        }
        if self.unknown == Unknown::SkipAll {
            options.allow_unknown_modules();
        }
        options
    }

    /// Adds a declared directive without a place in the order.
    pub(crate) fn declare_directive(&mut self, declaration: Arc<Declaration>) {
        self.ids.insert(format!("http.handlers.{}", declaration.module));
        let name = Name::Owned(declaration.name.clone());
        let takes_matcher = declaration.takes_matcher;
        let entry = Entry { name: name.clone(), takes_matcher, reader: Reader::Declared(declaration) };
        self.directives.insert(name, entry);
    }

    /// Adds a declared global option, which is an app.
    pub(crate) fn declare_option(&mut self, declaration: Arc<Declaration>) {
        self.ids.insert(declaration.module.clone());
        self.options.insert(declaration.name.clone(), declaration);
    }

    /// Adds a declared module.
    pub(crate) fn declare_module(&mut self, namespace: String, declaration: Arc<Declaration>) {
        let name = declaration.module.clone();
        self.add_module(namespace, name, ModuleReader::Declared(declaration));
    }

    fn add_module(&mut self, namespace: String, name: String, reader: ModuleReader) {
        self.ids.insert(format!("{namespace}.{name}"));
        self.modules.insert((namespace, name), reader);
    }

    /// The directive of a name.
    pub(crate) fn directive(&self, name: &str) -> Option<&Entry> {
        self.directives.get(name)
    }

    /// All names of directives, sorted.
    pub fn directive_names(&self) -> impl Iterator<Item = &str> {
        self.directives.keys().map(AsRef::as_ref)
    }

    /// The place of a directive in the order of routes; `None` for those that stand outside it.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.order.iter().position(|other| other == name)
    }

    /// The names of ordered directives, first to last.
    #[must_use]
    pub fn order(&self) -> &[Name] {
        &self.order
    }

    /// The same registry with another order of directives.
    #[must_use]
    pub fn with_order(mut self, order: Vec<Name>) -> Self {
        self.order = order;
        self
    }

    /// Puts a directive at a place in the order.
    pub(crate) fn place(&mut self, at: usize, name: Name) {
        self.order.insert(at, name);
    }

    /// The way to read a registered module.
    pub(crate) fn module(&self, namespace: &str, name: &str) -> Option<&ModuleReader> {
        self.modules.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The names of the registered modules of a namespace.
    pub fn module_names<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a str> {
        self.modules.keys().filter(move |(other, _)| other == namespace).map(|(_, name)| name.as_str())
    }

    /// The declared option of a name.
    pub(crate) fn option(&self, name: &str) -> Option<&Arc<Declaration>> {
        self.options.get(name)
    }

    /// The names of declared options.
    pub(crate) fn option_names(&self) -> impl Iterator<Item = &str> {
        self.options.keys().map(String::as_str)
    }
}

impl Entry {
    /// Reads one use of the directive.
    pub(crate) fn read(&self, cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
        match &self.reader {
            Reader::Written(read) => read(cx, call),
            Reader::Declared(declaration) => declaration.read_directive(cx, call),
        }
    }
}

impl From<Directive> for Entry {
    fn from(directive: Directive) -> Self {
        Self {
            name: directive.name.into(),
            takes_matcher: directive.takes_matcher,
            reader: Reader::Written(directive.read),
        }
    }
}

impl ModuleReader {
    /// Reads a statement that begins with the module's name.
    pub(crate) fn read(&self, cx: &mut Cx<'_>, statement: &Statement) -> Parsed<Foreign> {
        match self {
            ModuleReader::Written(read) => read(cx, statement),
            ModuleReader::Declared(declaration) => declaration.read_module(cx, statement),
        }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::standard()
    }
}
