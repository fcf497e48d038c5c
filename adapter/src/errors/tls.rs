//! What can be wrong with TLS settings.

use caddis_grammar::{Code, Diagnostic, Span, Token};

use super::{Error, did_you_mean, error};

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
