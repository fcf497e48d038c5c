//! What can be wrong with the names of pluggable modules.

use caddis_grammar::Token;

use super::{
    Error, error, one_of,
    plugins::{Place, plugin_of},
};

/// A module that is not built in.
pub(crate) fn unknown_module<'a>(
    name: &Token,
    namespace: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let id = format!("{namespace}.{}", name.text);
    let finding =
        error("E0701", name.span, format!("getting module named '{id}': module not registered: {id}"));
    Box::new(finding.maybe_help(plugin_of(Place::Module, &id).or_else(|| one_of(&name.text, known))))
}
