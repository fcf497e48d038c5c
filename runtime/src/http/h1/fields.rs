//! The fields of a message.

use bytes::{BufMut, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::Header;

use super::{Invalid, names::Names};
use crate::http::trailers;

/// What is often added to the fields of a response: `Via`. Room for more would often take a map of more than 1 KiB, for which the
/// allocator is slow.
const ADDED: usize = 1;

/// Adds the fields that were parsed of a head. Their values are parts of a copy of it, so that the buffer can be read into
/// again. `each` sees them.
///
/// # Errors
/// When a name or a value is none.
pub(crate) fn collect(
    copy: &Bytes,
    input: &[u8],
    parsed: &[Header<'_>],
    headers: &mut HeaderMap,
    mut each: impl FnMut(&HeaderName, &HeaderValue),
) -> Result<(), Invalid> {
    headers.reserve(parsed.len() + ADDED);
    Names::with(|names| {
        for field in parsed {
            let name = names.get(field.name.as_bytes())?;
            // A line break is the one thing in a value that the parser may take and the other type does not.
            let value = HeaderValue::from_maybe_shared(part(copy, input, field.value))
                .or_else(|_| HeaderValue::from_bytes(&unfolded(field.value)));
            let value = value.map_err(|_| Invalid::Field)?;
            each(&name, &value);
            headers.append(name, value);
        }
        Ok(())
    })
}

/// The part of a copy that is a part of the original.
pub(crate) fn part(copy: &Bytes, original: &[u8], part: &[u8]) -> Bytes {
    let start = part.as_ptr().addr() - original.as_ptr().addr();
    copy.slice(start..start + part.len())
}

/// A value without line breaks.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.collect::<Vec<_>>().join(&b' ')
}

/// Writes one field, its name in the spelling that Go gives it.
pub(crate) fn put(name: &HeaderName, value: &HeaderValue, out: &mut Vec<u8>) {
    let name = name.as_str().as_bytes();
    out.reserve(name.len() + value.len() + 4);
    let (words, rest) = name.as_chunks::<8>();
    let mut after_hyphen = true;
    for word in words {
        out.put_slice(&capitalized(*word, &mut after_hyphen));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    out.put_slice(&capitalized(last, &mut after_hyphen)[..rest.len()]);
    out.put_slice(b": ");
    out.put_slice(value.as_bytes());
    out.put_slice(b"\r\n");
}

/// Eight bytes of a name at once, with the first letter of each of its words in upper case.
fn capitalized(bytes: [u8; 8], after_hyphen: &mut bool) -> [u8; 8] {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    let bytes = u64::from_le_bytes(bytes);
    // Names are ASCII, so that each of these sums stays in its byte and tells in the highest bit of that.
    let no_hyphens = (bytes ^ (EACH * u64::from(b'-'))) + (HIGH - EACH);
    let from_a = bytes + (HIGH - EACH * u64::from(b'a'));
    let beyond_z = bytes + (HIGH - EACH * u64::from(b'z' + 1));
    let hyphens = !no_hyphens & HIGH;
    let first = hyphens << 8 | u64::from(*after_hyphen) << 7;
    *after_hyphen = hyphens >> 63 == 1;
    (bytes ^ (first & from_a & !beyond_z) >> 2).to_le_bytes()
}

/// Writes the length of a body.
pub(crate) fn put_length(length: u64, out: &mut Vec<u8>) {
    out.put_slice(b"Content-Length: ");
    put_number(length, out);
    out.put_slice(b"\r\n");
}

fn put_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.put_slice(&digits[start..]);
}

/// Writes the fields that may stand behind a body.
pub(super) fn put_trailers(trailers: &HeaderMap, out: &mut Vec<u8>) {
    for (name, value) in trailers.iter().filter(|(name, _)| trailers::may_follow(name)) {
        put(name, value, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_go_spells_them() {
        let spelled = [
            ("te", "Te"),
            ("etag", "Etag"),
            ("x-a", "X-A"),
            ("content-md5", "Content-Md5"),
            ("x-forwarded-for", "X-Forwarded-For"),
            ("x-1-~-|-`", "X-1-~-|-`"),
            ("a-", "A-"),
            ("-a--b", "-A--B"),
            ("seven77-eight888-nine", "Seven77-Eight888-Nine"),
            ("eight888-eight888-x_y", "Eight888-Eight888-X_y"),
        ];
        for (name, expected) in spelled {
            let mut out = Vec::new();
            put(&HeaderName::from_bytes(name.as_bytes()).unwrap(), &HeaderValue::from_static("v"), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}: v\r\n"));
        }
    }
}
