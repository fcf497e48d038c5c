//! Fields that are about one connection and not about what is passed on over it (RFC 9110, section 7.6.1).

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What `Connection` mostly says: no field, or one that is taken off anyway.
const NO_FIELDS: [&[u8]; 3] = [b"keep-alive", b"close", b"upgrade"];

/// Removes the fields that are said to be about a connection, of which `Connection` must be one, and those that it names.
pub(crate) fn strip(headers: &mut HeaderMap, is_about_connection: impl Fn(&HeaderName) -> bool) {
    let mut names: Vec<_> = headers.keys().filter(|name| is_about_connection(name)).cloned().collect();
    if names.contains(&header::CONNECTION) {
        names.append(&mut named_by_connection(headers));
    }
    for name in names {
        headers.remove(name);
    }
}

/// The fields that `Connection` names, but for those that are about one connection anyway. A request without its host would be
/// another one, and HTTP/1.1 has none (RFC 9112, section 3.2).
pub(crate) fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let mut named = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        for name in tokens(value) {
            if !NO_FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                named.extend(HeaderName::from_bytes(name).ok().filter(|name| *name != header::HOST));
            }
        }
    }
    named
}

/// Whether a list of words, such as `Connection`, has one of them, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|value| tokens(value).any(|part| part.eq_ignore_ascii_case(token.as_bytes())))
}

/// The words of a list.
pub(crate) fn tokens(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}
