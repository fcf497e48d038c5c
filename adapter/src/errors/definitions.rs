//! What can be wrong with the names of matchers and their definition.

use caddis_grammar::{Span, Token};

use super::{Error, did_you_mean, error, warning};

/// A matcher that does not exist.
pub(crate) fn unknown_matcher<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let message =
        format!("getting matcher module '{0}': module not registered: http.matchers.{0}", name.text);
    Box::new(error("E0401", name.span, message).maybe_help(did_you_mean(&name.text, known)))
}

/// A named matcher that was not defined.
pub(crate) fn unknown_matcher_name<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let error = error("E0402", name.span, format!("unrecognized matcher name: {}", name.text));
    Box::new(error.maybe_help(did_you_mean(&name.text, known)))
}

/// A name that is defined again.
pub(crate) fn duplicate_matcher(name: &Token, first: Span) -> Error {
    let error = error("E0403", name.span, format!("matcher is defined more than once: {}", name.text));
    Box::new(error.label(first, "first defined here"))
}

/// A definition without a use.
pub(crate) fn unused_matcher(name: &str, span: Span) -> Error {
    warning("W0401", span, format!("the matcher {name} is never used"))
}
