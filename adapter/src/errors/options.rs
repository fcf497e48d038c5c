//! What can be wrong with the global options.

use caddis_grammar::{Block, Span, Statement, Token};

use super::{
    Error, did_you_mean, error,
    plugins::{Place, plugin_of},
    warning,
};
use crate::table::Row;

fn names<T>(rows: &'static [Row<T>]) -> impl Iterator<Item = &'static str> {
    rows.iter().map(|row| row.name)
}

/// A directive among the options, which most often are a site whose address is missing.
pub(crate) fn directive_as_option(name: &Token) -> Error {
    let finding = error("E0501", name.span, format!("unrecognized global option: {}", name.text));
    Box::new(finding.help(format!(
        "`{}` is a directive and belongs into a site; a block without an address holds the global options, also where \
         the address is an environment variable that is not set: `{{$SITE:localhost}}` has a default",
        name.text
    )))
}

/// An option that does not exist.
pub(crate) fn unknown<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0501", name.span, format!("unrecognized global option: {}", name.text));
    Box::new(
        finding.maybe_help(plugin_of(Place::Option, &name.text).or_else(|| did_you_mean(&name.text, known))),
    )
}

/// A line of an option's block that it does not know; `what` is for example `servers option`.
pub(crate) fn unknown_in<T>(what: &str, name: &Token, rows: &'static [Row<T>]) -> Error {
    let finding = error("E0502", name.span, format!("unrecognized {what} '{}'", name.text));
    Box::new(finding.maybe_help(did_you_mean(&name.text, names(rows))))
}

/// A line of an option's block that it does not know.
pub(crate) fn unknown_parameter<T>(name: &Token, rows: &'static [Row<T>]) -> Error {
    unknown_in("parameter", name, rows)
}

/// A line of `default_bind` other than `protocols`.
pub(crate) fn unknown_bind_subdirective(name: &Token) -> Error {
    let finding = error("E0502", name.span, format!("unknown subdirective: {}", name.text));
    Box::new(finding.help("only `protocols` can stand here"))
}

/// A line of `ech` other than `dns`.
pub(crate) fn unknown_ech_subdirective(name: &Token) -> Error {
    let finding = error("E0502", name.span, format!("ech: unrecognized subdirective '{}'", name.text));
    Box::new(finding.help("only `dns` can stand here"))
}

/// A line of `preferred_chains` that it does not know.
pub(crate) fn unknown_chain_parameter<T>(name: &Token, rows: &'static [Row<T>]) -> Error {
    let finding = error("E0502", name.span, format!("Received unrecognized parameter '{}'", name.text));
    Box::new(finding.maybe_help(did_you_mean(&name.text, names(rows))))
}

/// A port that is no number.
pub(crate) fn bad_port(word: &Token, reason: &str) -> Error {
    error("E0518", word.span, format!("converting port '{}' to integer value: {reason}", word.text))
}

/// An option that can only be switched off.
pub(crate) fn only_off(name: &Token, word: &Token) -> Error {
    let message = match &*name.text {
        "ocsp_stapling" => format!("invalid argument '{}'", word.text),
        name => format!("{name} must be 'off'"),
    };
    Box::new(
        error("E0503", word.span, message)
            .help(format!("write `{} off`, or leave the option out", name.text)),
    )
}

/// A share that is no number.
pub(crate) fn bad_ratio(word: &Token, reason: &str) -> Error {
    error("E0504", word.span, format!("parsing renewal_window_ratio: {reason}"))
}

/// A share outside of 0 to 1.
pub(crate) fn ratio_out_of_range(word: &Token) -> Error {
    error("E0504", word.span, "renewal_window_ratio must be between 0 and 1 (exclusive)")
}

/// The same for a certificate authority, which may renew all the time.
pub(crate) fn bad_ca_ratio(word: &Token) -> Error {
    let message = format!("renewal_window_ratio must be a number in (0, 1], got {}", word.text);
    error("E0504", word.span, message)
}

/// An argument of `auto_https` that does not exist.
pub(crate) fn bad_auto_https(word: &Token) -> Error {
    let message =
        "auto_https must be one of 'off', 'disable_redirects', 'disable_certs', or 'ignore_loaded_certs'";
    let known = ["off", "disable_redirects", "disable_certs", "ignore_loaded_certs"];
    Box::new(error("E0505", word.span, message).maybe_help(did_you_mean(&word.text, known)))
}

/// `order` of a directive that does not exist.
pub(crate) fn unknown_directive_in_order<'a>(
    name: &Token,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let finding = error("E0506", name.span, format!("{} is not a registered directive", name.text));
    Box::new(
        finding
            .maybe_help(plugin_of(Place::Directive, &name.text).or_else(|| did_you_mean(&name.text, known))),
    )
}

/// `order` beside a directive that stands outside the order.
pub(crate) fn no_place_in_order<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0506", name.span, format!("directive '{}' not found", name.text));
    Box::new(finding.maybe_help(did_you_mean(&name.text, known)))
}

/// `order` somewhere else than first, last, before or after.
pub(crate) fn unknown_position(word: &Token) -> Error {
    let finding = error("E0507", word.span, format!("unknown positional '{}'", word.text));
    Box::new(finding.help("one of first, last, before, after"))
}

/// `protocols` without a protocol.
pub(crate) fn no_protocols(line: &Statement) -> Error {
    Box::new(
        error("E0508", line.span(), "protocols requires one or more arguments").help("for example `h1 h2`"),
    )
}

/// A protocol that does not exist.
pub(crate) fn unknown_protocol(word: &Token) -> Error {
    let message = format!("unknown protocol '{}': expected h1, h2, h2c, or h3", word.text);
    error("E0508", word.span, message)
}

/// A protocol that is listed already.
pub(crate) fn protocol_twice(word: &Token) -> Error {
    error("E0508", word.span, format!("protocol {} specified more than once", word.text))
}

/// A header field that is listed already.
pub(crate) fn client_ip_header_twice(word: &Token) -> Error {
    error("E0509", word.span, format!("client IP header {} specified more than once", word.text))
}

/// `admin off { … }`.
pub(crate) fn admin_off_with_block(block: &Block) -> Error {
    error("E0510", block.open, "No more option is allowed after turning off admin config")
}

/// Settings of servers for a listener that has settings already.
pub(crate) fn duplicate_listener(address: &str, first: Span, second: Span) -> Error {
    let message =
        format!("cannot have 'servers' global options with duplicate listener addresses: {address}");
    let (first, second) = if first.start <= second.start { (first, second) } else { (second, first) };
    Box::new(error("E0511", second, message).label(first, "the address has settings here already"))
}

/// A name of a server that is taken.
pub(crate) fn duplicate_server_name(name: &str, first: Span, second: Span) -> Error {
    let (first, second) = if first.start <= second.start { (first, second) } else { (second, first) };
    let finding = error("E0512", second, format!("cannot use duplicate server name '{name}'"));
    Box::new(finding.label(first, "the name is given here already"))
}

/// `name` where the settings are for all servers.
pub(crate) fn name_without_listener(line: &Statement) -> Error {
    let finding = error("E0512", line.span(), "cannot set a name for a server without a listener address");
    Box::new(finding.help("write the address the server listens on: `servers :443 { … }`"))
}

/// `0rtt` with anything but `off`.
pub(crate) fn bad_early_data(word: &Token) -> Error {
    let message = format!("unsupported 0rtt argument '{}' (only 'off' is supported)", word.text);
    error("E0503", word.span, message)
}

/// `strict_sni_host` with an argument that does not exist.
pub(crate) fn bad_strict_sni_host(word: &Token) -> Error {
    let message = format!("strict_sni_host only supports 'on' or 'insecure_off', got '{}'", word.text);
    error("E0503", word.span, message)
}

/// `trusted_proxies` without a source.
pub(crate) fn no_ip_source(line: &Statement) -> Error {
    let message = "trusted_proxies expects an IP range source module name as its first argument";
    Box::new(error("E0513", line.span(), message).help("for example `trusted_proxies static private_ranges`"))
}

/// A policy of `proxy_protocol` that does not exist.
pub(crate) fn bad_fallback_policy(word: &Token, reason: &str) -> Error {
    Box::new(error("E0514", word.span, reason).help("one of IGNORE, USE, REJECT, REQUIRE, SKIP"))
}

/// `storage file_system` without a folder.
pub(crate) fn storage_without_root(line: &Statement) -> Error {
    let message = "missing root path (to use default, omit storage config entirely)";
    error("E0515", line.span(), message)
}

/// A second folder.
pub(crate) fn storage_root_twice(line: &Statement) -> Error {
    error("E0515", line.span(), "root already set")
}

/// `on_demand_tls` without anything.
pub(crate) fn on_demand_empty(line: &Statement) -> Error {
    let finding = error("E0516", line.span(), "expected at least one config parameter for on_demand_tls");
    Box::new(finding.help("for example `ask http://localhost:9123/allowed`"))
}

/// Limits that no longer exist.
pub(crate) fn on_demand_limit(name: &Token) -> Error {
    let message = format!(
        "the on_demand_tls '{}' option is no longer supported, remove it from your config",
        name.text
    );
    Box::new(error("E0516", name.span, message).help("the endpoint of `ask` decides who gets a certificate"))
}

/// A second source of permission.
pub(crate) fn permission_twice(line: &Statement) -> Error {
    error("E0516", line.name().span, "on-demand TLS permission module (or 'ask') already specified")
}

/// An argument of `preferred_chains` other than `smallest`.
pub(crate) fn bad_chain_preference(word: &Token) -> Error {
    let finding = error("E0517", word.span, format!("Invalid argument '{}'", word.text));
    Box::new(finding.help("`smallest`, or a block with `root_common_name` or `any_common_name`"))
}

/// `preferred_chains smallest { … }`.
pub(crate) fn smallest_chain_with_block(block: &Block) -> Error {
    let at = block.statements.first().map_or(block.open, Statement::span);
    error("E0517", at, "No more options are accepted when using the 'smallest' option")
}

/// `preferred_chains` without anything.
pub(crate) fn no_chain_preference(line: &Statement) -> Error {
    let finding = error("E0517", line.span(), "No options for preferred_chains received");
    Box::new(finding.help("`smallest`, or a block with `root_common_name` or `any_common_name`"))
}

/// Both kinds of names.
pub(crate) fn both_common_names(name: &Token, other: &str) -> Error {
    error("E0517", name.span, format!("Can't set {} when {other} is already set", name.text))
}

/// `metrics` within `servers`.
pub(crate) fn server_metrics_deprecated(line: &Statement) -> Error {
    let message = "The nested 'metrics' option inside `servers` is deprecated and will be removed in the next major \
                   version. Use the global 'metrics' option instead.";
    warning("W0501", line.name().span, message)
}
