//! The short forms of placeholders that a Caddyfile may use in its sites, such as `{path}` for `{http.request.uri.path}`.

use std::{borrow::Cow, rc::Rc};

use caddis_grammar::Statement;

/// Short and full name, without the braces.
pub(crate) static FIXED: &[(&str, &str)] = &[
    ("host", "http.request.host"),
    ("hostport", "http.request.hostport"),
    ("port", "http.request.port"),
    ("orig_method", "http.request.orig_method"),
    ("orig_uri", "http.request.orig_uri"),
    ("orig_path", "http.request.orig_uri.path"),
    ("orig_dir", "http.request.orig_uri.path.dir"),
    ("orig_file", "http.request.orig_uri.path.file"),
    ("orig_query", "http.request.orig_uri.query"),
    ("orig_?query", "http.request.orig_uri.prefixed_query"),
    ("method", "http.request.method"),
    ("uri", "http.request.uri"),
    ("%uri", "http.request.uri_escaped"),
    ("path", "http.request.uri.path"),
    ("%path", "http.request.uri.path_escaped"),
    ("dir", "http.request.uri.path.dir"),
    ("file", "http.request.uri.path.file"),
    ("query", "http.request.uri.query"),
    ("%query", "http.request.uri.query_escaped"),
    ("?query", "http.request.uri.prefixed_query"),
    ("remote", "http.request.remote"),
    ("remote_host", "http.request.remote.host"),
    ("remote_port", "http.request.remote.port"),
    ("scheme", "http.request.scheme"),
    ("uuid", "http.request.uuid"),
    ("tls_cipher", "http.request.tls.cipher_suite"),
    ("tls_version", "http.request.tls.version"),
    ("tls_client_fingerprint", "http.request.tls.client.fingerprint"),
    ("tls_client_issuer", "http.request.tls.client.issuer"),
    ("tls_client_serial", "http.request.tls.client.serial"),
    ("tls_client_subject", "http.request.tls.client.subject"),
    ("tls_client_certificate_pem", "http.request.tls.client.certificate_pem"),
    ("tls_client_certificate_der_base64", "http.request.tls.client.certificate_der_base64"),
    ("upstream_hostport", "http.reverse_proxy.upstream.hostport"),
    ("client_ip", "http.vars.client_ip"),
];

/// A family of short forms: everything after the prefix is kept.
struct Family {
    prefix: &'static str,
    full: &'static str,
    /// Whether the rest may contain dots; it always may contain letters, digits, `_` and `-`, and may be empty.
    dots: bool,
}

static FAMILIES: &[Family] = &[
    Family { prefix: "header.", full: "http.request.header.", dots: false },
    Family { prefix: "cookie.", full: "http.request.cookie.", dots: false },
    Family { prefix: "labels.", full: "http.request.host.labels.", dots: false },
    Family { prefix: "path.", full: "http.request.uri.path.", dots: false },
    Family { prefix: "file.", full: "http.request.uri.path.file.", dots: false },
    Family { prefix: "query.", full: "http.request.uri.query.", dots: false },
    Family { prefix: "re.", full: "http.regexp.", dots: true },
    Family { prefix: "vars.", full: "http.vars.", dots: false },
    Family { prefix: "rp.", full: "http.reverse_proxy.", dots: true },
    Family { prefix: "resp.", full: "http.intercept.", dots: true },
    Family { prefix: "err.", full: "http.error.", dots: true },
    Family { prefix: "file_match.", full: "http.matchers.file.", dots: false },
];

/// Replaces the short forms in every word of the statements.
pub(crate) fn expand_all(statements: &mut [Statement]) {
    for statement in statements {
        for word in &mut statement.words {
            if let Cow::Owned(text) = expand(&word.text) {
                word.text = Rc::from(text);
            }
        }
        if let Some(block) = &mut statement.block {
            expand_all(&mut block.statements);
        }
    }
}

/// Replaces the short forms in one word.
pub(crate) fn expand(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    for (open, _) in text.match_indices('{') {
        let Some(len) = text[open + 1..].find('}') else { break };
        let close = open + 1 + len;
        if let Some((full, rest)) = full_name(&text[open + 1..close]) {
            out.push_str(&text[kept..=open]);
            out.push_str(full);
            out.push_str(rest);
            kept = close;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// The short form whose full name is `full` (braces do not count): a `map` must not write over it.
pub(crate) fn short_form_of(full: &str) -> Option<&'static str> {
    let full = full.trim_matches(['{', '}']);
    FIXED.iter().find(|(_, name)| *name == full).map(|(short, _)| *short)
}

fn full_name(name: &str) -> Option<(&'static str, &str)> {
    if let Some((_, full)) = FIXED.iter().find(|(short, _)| *short == name) {
        return Some((full, ""));
    }
    FAMILIES.iter().find_map(|family| {
        let rest = name.strip_prefix(family.prefix)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (family.dots && c == '.');
        rest.chars().all(fits).then_some((family.full, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::{expand, short_form_of};

    #[test]
    fn fixed_names_and_families() {
        assert_eq!(expand("{host}{path}"), "{http.request.host}{http.request.uri.path}");
        assert_eq!(expand("{{uri}}"), "{{http.request.uri}}");
        assert_eq!(expand("a{header.X-Y_z}b"), "a{http.request.header.X-Y_z}b");
        assert_eq!(expand("{re.name.1}{err.}"), "{http.regexp.name.1}{http.error.}");
        assert_eq!(expand("{header.a.b}"), "{header.a.b}");
        assert_eq!(expand("{host"), "{host");
        assert_eq!(expand("{http.request.host}"), "{http.request.host}");
    }

    #[test]
    fn a_full_name_leads_back_to_its_short_form() {
        assert_eq!(short_form_of("{http.request.uri.path}"), Some("path"));
        assert_eq!(short_form_of("{my_variable}"), None);
    }
}
