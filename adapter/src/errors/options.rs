//! What can be wrong with global options.

use caddis_grammar::Token;

use super::{Error, did_you_mean, directives::plugin_of, error};

/// An option that does not exist.
pub(crate) fn unknown<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0501", name.span, format!("unrecognized global option: {}", name.text));
    Box::new(finding.maybe_help(plugin_of(&name.text).or_else(|| did_you_mean(&name.text, known))))
}
