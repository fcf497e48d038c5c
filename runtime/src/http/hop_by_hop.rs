//! Fields that are about one connection and not about what is passed on over it (RFC 9110, section 7.6.1).

use http::{HeaderMap, HeaderName, header};

/// What `Connection` mostly says: no field, or one that is taken off anyway.
const NO_FIELDS: [&[u8]; 3] = [b"keep-alive", b"close", b"upgrade"];

/// Removes the fields of a list of up to 16, and those that `Connection` names.
pub(crate) fn strip(headers: &mut HeaderMap, list: &[HeaderName]) {
    debug_assert!(list.len() <= 16, "each has a bit");
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    // Most messages have one of them, or none.
    let index = |name: &HeaderName| list.iter().position(|listed| listed == name);
    let found = headers.keys().filter_map(index).fold(0_u16, |found, index| found | 1 << index);
    for (index, name) in list.iter().enumerate() {
        if found & 1 << index != 0 {
            headers.remove(name);
        }
    }
}

/// The fields that `Connection` names, but for those that are about one connection anyway.
pub(crate) fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let others = names.filter(|name| !NO_FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known)));
    others.filter_map(|name| HeaderName::from_bytes(name).ok()).collect()
}

/// Whether a list of words, such as `Connection`, has one of them, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}
