//! Caddyfile forms of pluggable modules: a table for each namespace, and modules that an embedding program registered.

mod dns;
mod events;
mod fs;
pub(crate) mod http;
mod listeners;
mod logging;
mod network_proxy;
mod storage;
pub(crate) mod tls;

use caddis_config::Foreign;
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    registry::Unknown,
};

/// The Caddyfile form of one module.
pub(crate) struct Module<T: 'static> {
    /// The last part of the module's ID.
    pub(crate) name: &'static str,
    /// Reads a statement that begins with the name.
    pub(crate) read: fn(&mut Cx<'_>, &Statement) -> Parsed<T>,
}

/// A namespace whose modules have a Caddyfile form.
pub(crate) trait Pluggable: From<Foreign> + 'static {
    /// For example `tls.issuance`.
    const NAMESPACE: &'static str;
    /// The standard modules.
    const TABLE: &'static [Module<Self>];
}

impl Cx<'_> {
    /// Reads the module that a statement names with its first word.
    ///
    /// # Errors
    /// An unknown module, or what the module finds.
    pub(crate) fn module<T: Pluggable>(&mut self, statement: &Statement) -> Parsed<T> {
        let name = &*statement.name().text;
        if let Some(module) = T::TABLE.iter().find(|module| module.name == name) {
            return (module.read)(self, statement);
        }
        let registry = self.registry;
        if let Some(module) = registry.module(T::NAMESPACE, name) {
            return module.read(self, statement).map(T::from);
        }
        let known = T::TABLE.iter().map(|module| module.name).chain(registry.module_names(T::NAMESPACE));
        let finding = errors::unknown_module(statement.name(), T::NAMESPACE, known);
        self.skip(finding, Unknown::SkipAll)?;
        Ok(Foreign { name: name.to_owned(), config: serde_json::Map::new().into() }.into())
    }

    /// Reads the module that stands in a statement's first argument, with the arguments and the block that follow.
    ///
    /// # Errors
    /// As [`Cx::module`]; also where no argument is given.
    pub(crate) fn module_argument<T: Pluggable>(&mut self, statement: &Statement) -> Parsed<T> {
        statement.some()?;
        self.module(&statement.from(1))
    }
}
