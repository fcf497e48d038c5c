//! What can be wrong with the names of pluggable modules.

use caddis_grammar::Token;

use super::{Error, error, one_of};

/// A module that is not built in.
pub(crate) fn unknown_module<'a>(
    name: &Token,
    namespace: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let id = format!("{namespace}.{}", name.text);
    let finding =
        error("E0701", name.span, format!("getting module named '{id}': module not registered: {id}"));
    let help = if namespace == "dns.providers" {
        Some(format!("`{}` is a DNS provider plugin, and none is built in", name.text))
    } else {
        one_of(&name.text, known)
    };
    Box::new(finding.maybe_help(help))
}
