//! What can be wrong with TLS settings.

use caddis_config::value::Duration;
use caddis_grammar::{Block, Code, Diagnostic, Span, Token};

use super::{Error, did_you_mean, error, warning};

/// Two policies for the same handshakes that differ.
pub(crate) fn conflicting_policies(span: Option<Span>, what: &str, detail: &str) -> Error {
    let message = format!("two policies with same match criteria have conflicting {what}: {detail}");
    Box::new(Diagnostic::error(Code("E0601"), span, message))
}

/// A name that two policies manage.
pub(crate) fn subject_in_two_policies(subject: &str, places: &[Span]) -> Error {
    let message = format!(
        "hostname appears in more than one automation policy, making certificate management ambiguous: {subject}"
    );
    let mut places = places.iter().copied();
    let mut finding = Diagnostic::error(Code("E0602"), places.next(), message);
    for place in places {
        finding = finding.label(place, "with other TLS settings here");
    }
    Box::new(finding.help("use the same `tls` settings wherever the name stands"))
}

/// A host for which there can be no certificate.
pub(crate) fn unqualified_subject(key: &Token, subject: &str) -> Error {
    let finding = error("E0603", key.span, format!("subject does not qualify for certificate: '{subject}'"));
    let help = if subject.contains('$') {
        "an environment variable is written `{$NAME}`"
    } else {
        "a host is a domain name, an IP address, or a wildcard such as `*.example.com`"
    };
    Box::new(finding.help(help))
}

/// Site settings against those of another site without a host.
pub(crate) fn catch_all_conflict(key: &Token) -> Error {
    error(
        "E0604",
        key.span,
        "automation policy from site block is also default/catch-all policy because of key without hostname, and \
         the two are in conflict",
    )
}

/// `local_certs` beside `cert_issuer`.
pub(crate) fn local_certs_and_issuer() -> Error {
    Box::new(Diagnostic::error(
        Code("E0605"),
        None,
        "global options are ambiguous: local_certs is confusing when combined with cert_issuer, because local_certs \
         is also a specific kind of issuer",
    ))
}

/// `acme_dns` without a provider anywhere.
pub(crate) fn acme_dns_without_provider() -> Error {
    Box::new(Diagnostic::error(
        Code("E0606"),
        None,
        "acme_dns specified without DNS provider config, but no provider specified with 'dns' global option",
    ))
}

/// `tls` with one argument that means nothing.
pub(crate) fn bad_tls_argument(word: &Token) -> Error {
    error(
        "E0607",
        word.span,
        "single argument must either be 'internal', 'force_automate', or an email address",
    )
}

/// A protocol version, cipher suite or curve that does not exist.
pub(crate) fn unsupported<'a>(word: &Token, what: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let message = format!("wrong {what} name or {what} not supported: '{}'", word.text);
    Box::new(error("E0608", word.span, message).maybe_help(did_you_mean(&word.text, known)))
}

/// Settings of the DNS challenge without a provider.
pub(crate) fn dns_options_without_provider(span: Span, options: &[&str]) -> Error {
    let message = format!(
        "setting DNS challenge options [{}] requires a DNS provider (set with the 'dns' subdirective or 'acme_dns' \
         global option)",
        options.join(", ")
    );
    error("E0609", span, message)
}

/// `issuer` beside settings that imply issuers.
pub(crate) fn mixed_issuers(span: Span) -> Error {
    error(
        "E0610",
        span,
        "cannot mix issuer subdirective (explicit issuers) with other issuer-specific subdirectives (implicit issuers)",
    )
}

/// ACME settings beside `internal`.
pub(crate) fn acme_and_internal(span: Span) -> Error {
    error("E0611", span, "cannot create both ACME and internal certificate issuers")
}

/// A renewal window that is no ratio.
pub(crate) fn bad_ratio(word: &Token, reason: Option<&str>) -> Error {
    let message = match reason {
        Some(reason) => format!("parsing renewal_window_ratio: {reason}"),
        None => "renewal_window_ratio must be between 0 and 1 (exclusive)".to_owned(),
    };
    error("E0612", word.span, message)
}

/// A duration of a `tls` line that cannot be read.
pub(crate) fn bad_tls_duration(word: &Token, name: &str, reason: &str) -> Error {
    error("E0613", word.span, format!("invalid {name} duration {}: {reason}", word.text))
}

/// A block after a module that takes none.
pub(crate) fn no_block_here(block: &Block) -> Error {
    error("E0614", block.open, "block not allowed here")
}

/// Trusted certificates in two ways.
pub(crate) fn pool_and_certificates(name: &Token) -> Error {
    let message = "cannot specify both 'trust_pool' and 'trusted_ca_cert' or 'trusted_ca_cert_file'";
    error("E0615", name.span, message)
}

/// A former way to name trusted certificates.
pub(crate) fn deprecated_trust(name: &Token) -> Error {
    let message = format!("The '{}' field is deprecated. Use the 'trust_pool' field instead.", name.text);
    warning("W0601", name.span, message)
}

/// A file without certificates.
pub(crate) fn unreadable_certificate(word: &Token, reason: &str) -> Error {
    error("E0616", word.span, reason)
}

/// A line of an issuer that it does not know.
pub(crate) fn unknown_issuer_property<'a>(
    issuer: &str,
    name: &Token,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let finding = error("E0617", name.span, format!("unrecognized {issuer} issuer property: {}", name.text));
    Box::new(finding.maybe_help(did_you_mean(&name.text, known)))
}

/// `validity_days`, which Caddy cannot read.
pub(crate) fn validity_days(name: &Token) -> Error {
    let message =
        "invalid number of days validity_days: strconv.Atoi: parsing \"validity_days\": invalid syntax";
    let finding = error("E0618", name.span, message);
    Box::new(finding.help("this line cannot be used in Caddy either; set `validity_days` in the JSON"))
}

/// A port that is no number.
pub(crate) fn bad_port(word: &Token, reason: &str) -> Error {
    error("E0619", word.span, format!("invalid port {}: {reason}", word.text))
}

/// A directory of an ACME issuer that has one.
pub(crate) fn second_directory(name: &Token, first: &str) -> Error {
    error("E0620", name.span, format!("directory is already specified: {first}"))
}

/// A lifetime that cannot be read.
pub(crate) fn bad_lifetime(word: &Token, reason: &str) -> Error {
    error("E0621", word.span, format!("invalid lifetime {}: {reason}", word.text))
}

/// A lifetime below zero.
pub(crate) fn negative_lifetime(word: &Token, lifetime: Duration) -> Error {
    error("E0621", word.span, format!("lifetime must be >= 0: {lifetime}"))
}

/// `distributed` with anything but `false`.
pub(crate) fn only_false(word: &Token) -> Error {
    error("E0622", word.span, "only accepted value is 'false'")
}

/// `protocols` without arguments.
pub(crate) fn no_protocols(name: &Token) -> Error {
    error("E0623", name.span, "protocols requires one or two arguments")
}
