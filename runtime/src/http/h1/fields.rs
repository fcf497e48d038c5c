//! The fields of a message.

use bytes::{BufMut, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::Header;

use super::Invalid;
use crate::http::trailers;

/// What is often added to the fields of a message.
const ADDED: usize = 4;

/// Makes fields of what was parsed of a head. Their values are parts of a copy of it, so that the buffer can be read into
/// again. `each` sees them.
///
/// # Errors
/// When a name or a value is none.
pub(crate) fn collect(
    copy: &Bytes,
    input: &[u8],
    parsed: &[Header<'_>],
    mut each: impl FnMut(&HeaderName, &HeaderValue),
) -> Result<HeaderMap, Invalid> {
    let mut headers = HeaderMap::with_capacity(parsed.len() + ADDED);
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Invalid::Field)?;
        // A line break is the one thing in a value that the parser may take and the other type does not.
        let value = HeaderValue::from_maybe_shared(part(copy, input, field.value))
            .or_else(|_| HeaderValue::from_bytes(&unfolded(field.value)));
        let value = value.map_err(|_| Invalid::Field)?;
        each(&name, &value);
        headers.append(name, value);
    }
    Ok(headers)
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
    let start = out.len();
    out.reserve(name.as_str().len() + value.len() + 4);
    out.put_slice(name.as_str().as_bytes());
    let mut word = &mut out[start..];
    while let Some(first) = word.first_mut() {
        first.make_ascii_uppercase();
        let Some(end) = word.iter().position(|byte| *byte == b'-') else { break };
        word = &mut word[end + 1..];
    }
    out.put_slice(b": ");
    out.put_slice(value.as_bytes());
    out.put_slice(b"\r\n");
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
