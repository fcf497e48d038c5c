//! Warnings about what does nothing, though nothing is wrong with it.

use caddis_grammar::{Span, Token};

use super::{Error, warning};
use crate::lint::By;

/// A directive that no request reaches.
pub(crate) fn unreached(span: Span, by: By) -> Error {
    let (place, text) = match by {
        By::Answer(place) => (place, "this answers the requests first"),
        By::Group(place) => (place, "of this and the other only the first that matches is run"),
    };
    let finding = warning("W0302", span, "no request ever comes here").label(place, text);
    Box::new(finding.help("give the other a matcher, or put each into a `handle` block of its own"))
}

/// A folder that the next line replaces.
pub(crate) fn overwritten(span: Span, by: Span) -> Error {
    Box::new(warning("W0303", span, "this folder is never used").label(by, "replaced here"))
}

/// An address whose requests another site takes.
pub(crate) fn unreached_address(key: &Token, by: Span) -> Error {
    let message = format!("no request for '{}' comes to this site", key.text);
    let finding = warning("W0205", key.span, message).label(by, "this site takes them");
    Box::new(finding.brought_by(key.origin.clone()))
}

/// An address to listen on that means something else than it seems to.
pub(crate) fn odd_listener(word: &Token, reason: &str, help: &str) -> Error {
    let message = format!("'{}' is an odd address to listen on: {reason}", word.text);
    Box::new(warning("W0207", word.span, message).help(help))
}

/// A named route without a use.
pub(crate) fn uninvoked_route(key: &Token) -> Error {
    warning("W0204", key.span, format!("the named route '{}' is never invoked", key.text))
}

/// A named route with the block of another.
pub(crate) fn repeated_route(key: &Token, first: &Token) -> Error {
    let message = format!("the named route '{}' has the same lines as '{}'", key.text, first.text);
    let finding = warning("W0206", key.span, message).label(first.span, "the same lines");
    Box::new(finding.help(format!("invoke `{}` instead", first.text)))
}

/// A matcher with the lines of another.
pub(crate) fn repeated_matcher(name: &str, span: Span, first: &str, place: Span) -> Error {
    let message = format!("the matcher {name} is the same as {first}");
    let finding = warning("W0402", span, message).label(place, "the same condition");
    Box::new(finding.help(format!("use `{first}` in both places")))
}

/// A matcher that matches nothing.
pub(crate) fn matches_never(name: &Token, reason: &str, help: &str) -> Error {
    let finding = warning("W0403", name.span, format!("the matcher {} never matches: {reason}", name.text));
    Box::new(finding.help(help))
}

/// A matcher that uses the captures of another one in its set.
pub(crate) fn matches_by_chance(name: &Token, from: &str, to: &str) -> Error {
    let message = format!(
        "in the matcher {}, `{to}` uses what `{from}` captures, which Caddy may try later",
        name.text
    );
    let help = format!("put a block with the condition `{from}` around the one with `{to}`");
    Box::new(warning("W0404", name.span, message).help(help))
}
