//! What can be wrong with `reverse_proxy`, its modules, and the directives built on it.

use caddis_grammar::{Block, Statement, Token};

use super::{Error, did_you_mean, error, warning};

/// A word that is no number, duration or size; `problem` and `reason` are Caddy's.
pub(crate) fn bad_value(word: &Token, problem: &str, reason: &str) -> Error {
    let finding = error("E0350", word.span, format!("{problem} '{}': {reason}", word.text));
    let help = if reason.starts_with("time: ") {
        Some("durations look like `500ms`, `30s`, `1h30m` or `7d`")
    } else if reason.starts_with("unhandled size name") {
        Some("sizes look like `4096`, `64KiB` or `10MB`")
    } else {
        None
    };
    Box::new(finding.maybe_help(help))
}

/// A line that none of the proxy directives knows.
pub(crate) fn unknown_subdirective<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0304", name.span, format!("unrecognized subdirective {}", name.text));
    Box::new(finding.maybe_help(did_you_mean(&name.text, known)))
}

/// An upstream address that cannot be understood.
pub(crate) fn bad_upstream(word: &Token, reason: &str) -> Error {
    let finding = error("E0351", word.span, format!("parsing upstream '{}': {reason}", word.text));
    let scheme_with_placeholder = word.text.contains("://") && word.text.contains('{');
    let help = scheme_with_placeholder.then_some(
        "leave the scheme out; for HTTPS to the upstream add `transport http { tls }`, for HTTP/2 without TLS \
         `transport http { versions h2c 2 }`",
    );
    Box::new(finding.maybe_help(help))
}

/// `ws://` or `wss://`.
pub(crate) fn browser_scheme(word: &Token, scheme: &str) -> Error {
    let instead = if scheme == "wss" { "https" } else { "http" };
    let message = format!(
        "parsing upstream '{}': the scheme {scheme}:// is only supported in browsers; use {instead}:// instead",
        word.text
    );
    Box::new(
        error("E0352", word.span, message).help("WebSocket connections are proxied without being asked for"),
    )
}

/// A scheme that no transport speaks.
pub(crate) fn unsupported_scheme(word: &Token, scheme: &str) -> Error {
    let finding = error(
        "E0352",
        word.span,
        format!("parsing upstream '{}': unsupported URL scheme {scheme}://", word.text),
    );
    Box::new(finding.help("`http://`, `https://` and `h2c://` are supported"))
}

/// Upstreams with different schemes.
pub(crate) fn mixed_schemes(word: &Token, expected: &str, found: &str) -> Error {
    let message = format!(
        "parsing upstream '{}': for now, all proxy upstreams must use the same scheme (transport protocol); expecting \
         '{expected}://' but got '{found}://'",
        word.text
    );
    error("E0353", word.span, message)
}

/// A second `dynamic`, which Caddy lets replace the first.
pub(crate) fn dynamic_upstreams_twice(line: &Statement) -> Error {
    let finding = warning("W0352", line.name().span, "this replaces the dynamic upstreams given before");
    Box::new(finding.help("`dynamic multi { … }` takes several sources"))
}

/// A second `lb_policy`.
pub(crate) fn selection_policy_twice(line: &Statement) -> Error {
    error("E0354", line.name().span, "load balancing selection policy already specified")
}

/// A second `fallback`.
pub(crate) fn fallback_twice(line: &Statement) -> Error {
    error("E0354", line.name().span, "fallback selection policy already specified")
}

/// A second `verbose_logs`.
pub(crate) fn verbose_logs_twice(line: &Statement) -> Error {
    error("E0354", line.name().span, "verbose_logs already specified")
}

/// A second `transport`, or one within `php_fastcgi`.
pub(crate) fn transport_twice(line: &Statement) -> Error {
    error("E0354", line.name().span, "transport already specified")
}

/// A second `max_age` of a cookie.
pub(crate) fn max_age_twice(line: &Statement) -> Error {
    error("E0354", line.name().span, "cookie max_age already specified")
}

/// A second name, port and so on of a source of upstreams.
pub(crate) fn source_option_twice(line: &Statement, what: &str) -> Error {
    error("E0354", line.name().span, format!("{what} has already been specified"))
}

/// `http://` upstreams behind a transport with TLS.
pub(crate) fn https_transport_for_http(directive: &Statement) -> Error {
    let at = directive.block.as_ref().map_or(directive.span(), |block| block.close);
    let message = "upstream address scheme is HTTP but transport is configured for HTTP+TLS (HTTPS)";
    let finding = error("E0355", at, message).label(directive.span(), "upstreams of this directive");
    Box::new(
        finding.help("write `https://`, leave the scheme out, or remove the `tls` lines of the transport"),
    )
}

/// `https://` upstreams behind a transport that has no TLS.
pub(crate) fn transport_without_tls(directive: &Statement, transport: &str) -> Error {
    let at = directive.block.as_ref().map_or(directive.span(), |block| block.close);
    let message =
        format!("upstreams are configured for HTTPS but transport module does not support TLS: {transport}");
    Box::new(error("E0355", at, message).label(directive.span(), "upstreams of this directive"))
}

/// `health_port` after `health_upstream`.
pub(crate) fn health_port_ignored(line: &Statement) -> Error {
    let message = "the 'health_port' subdirective is ignored if 'health_upstream' is used!";
    error("E0356", line.name().span, message)
}

/// A weight below zero.
pub(crate) fn negative_weight(word: &Token) -> Error {
    let message = format!("invalid weight value '{}': weight should be non-negative", word.text);
    error("E0350", word.span, message)
}

/// A cookie that has expired before it is set.
pub(crate) fn max_age_not_positive(word: &Token) -> Error {
    let message = format!("invalid duration: {}, max_age should be non-zero and positive", word.text);
    error("E0350", word.span, message)
}

/// A level that streams are not logged at.
pub(crate) fn bad_stream_log_level(word: &Token) -> Error {
    let message = format!("invalid stream_logs.level {:?}: unrecognized level: {0:?}", word.text);
    Box::new(error("E0350", word.span, message).help("one of debug, info, warn, error"))
}

/// A version of the PROXY protocol other than the two there are.
pub(crate) fn bad_proxy_protocol(word: &Token) -> Error {
    let finding = error("E0350", word.span, format!("invalid proxy protocol version '{}'", word.text));
    Box::new(finding.help("v1 or v2"))
}

/// A level of TLS renegotiation that does not exist.
pub(crate) fn bad_renegotiation(word: &Token) -> Error {
    let message = format!("wrong argument count or unexpected line ending after '{}'", word.text);
    Box::new(error("E0350", word.span, message).help("one of never, once, freely"))
}

/// `versions` of `dynamic a` without a version.
pub(crate) fn no_ip_version(line: &Statement) -> Error {
    Box::new(error("E0302", line.name().span, "must specify at least one version").help("ipv4, ipv6 or both"))
}

/// An IP version that does not exist.
pub(crate) fn bad_ip_version(word: &Token) -> Error {
    Box::new(error("E0350", word.span, format!("unsupported version: '{}'", word.text)).help("ipv4 or ipv6"))
}

/// `resolvers` without an address.
pub(crate) fn no_resolver(line: &Statement) -> Error {
    error("E0302", line.name().span, "must specify at least one resolver address")
}

/// Both ways of naming trusted certificate authorities.
pub(crate) fn two_kinds_of_trust(line: &Statement) -> Error {
    error("E0357", line.name().span, "cannot specify both 'tls_trust_pool' and 'tls_trusted_ca_certs'")
}

/// A second `tls_trust_pool`.
pub(crate) fn trust_pool_twice(line: &Statement) -> Error {
    let finding = error("E0354", line.name().span, "cannot specify \"tls_trust_pool\" twice in caddyfile");
    Box::new(finding.help("`tls_trust_pool combined { … }` takes several sources"))
}

/// `replace_status` with none or too many arguments.
pub(crate) fn replace_status_arguments(line: &Statement) -> Error {
    let message = "must have one or two arguments: an optional response matcher, and a status code";
    error("E0359", line.span(), message)
}

/// `replace_status` with a block.
pub(crate) fn replace_status_block(first: &Statement) -> Error {
    error("E0359", first.span(), "cannot define routes for 'replace_status', use 'handle_response' instead.")
}

/// `handle_response` with more than a matcher.
pub(crate) fn handle_response_arguments(words: &[Token]) -> Error {
    let found: Vec<&str> = words.iter().map(|word| &*word.text).collect();
    let message = format!(
        "too many arguments for 'handle_response': only a single response matcher name is allowed, but got: [{}]",
        found.join(" ")
    );
    let finding = error("E0359", words[0].span.to(words[words.len() - 1].span), message);
    Box::new(
        finding
            .help("define the matcher under a name first: `@name status 404`, `handle_response @name { … }`"),
    )
}

/// Something else where a named response matcher belongs.
pub(crate) fn response_matcher_expected(word: &Token) -> Error {
    error("E0359", word.span, "must use a named response matcher, starting with '@'")
}

/// A response matcher that is not defined.
pub(crate) fn unknown_response_matcher<'a>(word: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let message = format!("no named response matcher defined with name '{}'", &word.text[1..]);
    Box::new(error("E0360", word.span, message).maybe_help(did_you_mean(&word.text, known)))
}

/// A response matcher of a name that is taken.
pub(crate) fn response_matcher_twice(name: &Token) -> Error {
    error("E0361", name.span, format!("matcher is defined more than once: {}", name.text))
}

/// A second `uri` of `forward_auth`.
pub(crate) fn uri_twice(uri: &Token) -> Error {
    error("E0354", uri.span, format!("cannot re-declare uri: {}", uri.text))
}

/// An empty block of `copy_headers`, over which Caddy loses its way.
pub(crate) fn no_header_to_copy(line: &Statement, block: &Block) -> Error {
    let message = format!("the block of '{}' names no field", line.name().text);
    Box::new(
        error("E0358", block.open, message).help("leave the braces out, or put names of fields between them"),
    )
}

/// `forward_auth` without `uri`.
pub(crate) fn uri_required(directive: &Statement) -> Error {
    let finding = error("E0362", directive.name().span, "the 'uri' subdirective is required");
    Box::new(finding.help("for example `uri /api/verify`: where the other server checks requests"))
}

/// Words behind a value, which Caddy reads as if a new line began.
pub(crate) fn option_on_the_same_line(line: &Statement, option: &Token) -> Error {
    let message =
        format!("'{}' is read as another option on the line of '{}'", option.text, line.name().text);
    Box::new(error("E0369", option.span, message).help("write it on a line of its own"))
}

/// `health_path`.
pub(crate) fn health_path_deprecated(line: &Statement) -> Error {
    let message = "the 'health_path' subdirective is deprecated, please use 'health_uri' instead!";
    warning("W0350", line.name().span, message)
}

/// `forward_proxy_url`.
pub(crate) fn forward_proxy_url_deprecated(line: &Statement) -> Error {
    let message = "The 'forward_proxy_url' field is deprecated. Use 'network_proxy <url>' instead.";
    Box::new(warning("W0350", line.name().span, message).help("write `network_proxy url <url>`"))
}

/// `tls_trusted_ca_certs`.
pub(crate) fn tls_trusted_ca_certs_deprecated(line: &Statement) -> Error {
    let message = "The 'tls_trusted_ca_certs' field is deprecated. Use the 'tls_trust_pool' field instead.";
    Box::new(warning("W0350", line.name().span, message).help("write `tls_trust_pool file <files...>`"))
}

/// A `header_up` that asks for what the proxy does anyway.
pub(crate) fn needless_header_up(line: &Statement, field: &str) -> Error {
    let message = format!(
        "Unnecessary header_up {field}: the reverse proxy's default behavior is to pass headers to the upstream"
    );
    warning("W0351", line.span(), message)
}

/// `header_up Host {upstream_hostport}` with HTTPS.
pub(crate) fn needless_host(directive: &Statement) -> Error {
    let message = "Unnecessary header_up Host: the reverse proxy's default behavior is to pass the configured \
                   upstream address to the upstream when proxying to HTTPS";
    warning("W0351", directive.span(), message)
}
