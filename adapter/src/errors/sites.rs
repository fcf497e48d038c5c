//! What can be wrong with sites, their addresses and listeners.

use caddis_grammar::{ServerBlock, Span, Token};

use super::{Error, error, warning};

/// A matcher where an address should be.
pub(crate) fn matcher_outside_site(key: &Token) -> Error {
    let message = format!("cannot define a matcher outside of a site block: '{}'", key.text);
    error("E0201", key.span, message)
}

/// A directive where an address should be.
pub(crate) fn directive_as_address(key: &Token) -> Error {
    let message = format!(
        "parsed '{}' as a site address, but it is a known directive; directives must appear in a site block",
        key.text
    );
    let help = format!("if a host is called `{0}`, write `http://{0}` or `https://{0}`", key.text);
    Box::new(error("E0202", key.span, message).help(help))
}

/// A block without an address that is not the first.
pub(crate) fn without_address(block: &ServerBlock) -> Error {
    error(
        "E0203",
        block.span,
        "server block without any key is global configuration, and if used, it must be first",
    )
}

/// An address that cannot be read.
pub(crate) fn bad_address(key: &Token, reason: &str) -> Error {
    error("E0204", key.span, reason)
}

/// `ws://` and `wss://`.
pub(crate) fn browser_scheme(key: &Token, scheme: &str, instead: &str) -> Error {
    let message = format!("the scheme {scheme}:// is only supported in browsers; use {instead}:// instead");
    error("E0205", key.span, message)
}

/// Any other scheme.
pub(crate) fn unsupported_scheme(key: &Token, scheme: &str) -> Error {
    let finding = error("E0206", key.span, format!("unsupported URL scheme {scheme}://"));
    Box::new(finding.help("the schemes are `http://` and `https://`"))
}

/// `http://` with the HTTPS port, or the other way round.
pub(crate) fn scheme_against_port(key: &Token, address: &str) -> Error {
    error("E0207", key.span, format!("[{address}] scheme and port violate convention"))
}

/// A `bind` argument that is no address.
pub(crate) fn bad_listener(key: &Token, reason: &str) -> Error {
    error("E0208", key.span, reason)
}

/// The same address in two blocks on one listener.
pub(crate) fn ambiguous_site(key: &Token, other: Span) -> Error {
    let finding = error("E0209", key.span, format!("ambiguous site definition: {}", key.text));
    Box::new(finding.label(other, "also defined here").help("join the two blocks into one"))
}

/// HTTP and HTTPS on one listener, or TLS settings on HTTP.
pub(crate) fn scheme_conflict(key: &Token, message: String) -> Error {
    error("E0210", key.span, message)
}

/// `invoke` of a named route that does not exist.
pub(crate) fn unknown_named_route<'a>(
    name: &str,
    span: Span,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let message = format!("cannot invoke named route '{name}', which was not defined");
    Box::new(error("E0211", span, message).maybe_help(super::did_you_mean(name, known)))
}

/// A named route that is defined again.
pub(crate) fn duplicate_named_route(key: &Token) -> Error {
    error("E0212", key.span, format!("cannot have duplicate named_routes: {}", key.text))
}

/// A path in an address.
pub(crate) fn path_in_address(key: &Token) -> Error {
    warning(
        "W0201",
        key.span,
        "Using a path in a site address is deprecated; please use the 'handle' directive instead",
    )
}

/// `0.0.0.0` or `::` as a host.
pub(crate) fn unspecified_host(key: &Token) -> Error {
    warning(
        "W0202",
        key.span,
        "Site block has an unspecified IP address which only matches requests having that Host header; you \
         probably want the 'bind' directive to configure the socket",
    )
}

/// A named route of several handlers under one condition, of which Caddy keeps the first.
pub(crate) fn named_route_cut_short(key: &Token) -> Error {
    let message = format!("only the first handler of the named route '{}' is kept", key.text);
    let finding = warning("W0203", key.span, message);
    Box::new(finding.help("put the directives into a `route` block inside the named route"))
}
