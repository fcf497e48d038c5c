//! Fields that are about one connection and not about what is passed on over it (RFC 9110, section 7.6.1).

use http::{HeaderMap, HeaderName, header};

/// What `Connection` mostly says: no field, or one that is taken off anyway.
const NO_FIELDS: [&[u8]; 3] = [b"keep-alive", b"close", b"upgrade"];

/// Removes the fields that are said to be about a connection, and those that `Connection` names.
pub(crate) fn strip(headers: &mut HeaderMap, is_about_connection: impl Fn(&HeaderName) -> bool) {
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    // Most messages have one of them, or none.
    while let Some(name) = headers.keys().find(|name| is_about_connection(name)).cloned() {
        headers.remove(name);
    }
}

/// The fields that `Connection` names, but for those that are about one connection anyway. A request without its host would be
/// another one, and HTTP/1.1 has none (RFC 9112, section 3.2).
pub(crate) fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let mut named = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if !NO_FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                named.extend(HeaderName::from_bytes(name).ok().filter(|name| *name != header::HOST));
            }
        }
    }
    named
}

/// Whether a list of words, such as `Connection`, has one of them, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        let mut parts = value.as_bytes().split(|byte| *byte == b',');
        parts.any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    })
}
