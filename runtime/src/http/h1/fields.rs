//! The fields of a message.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use httparse::Header;

use super::Invalid;

/// What is often added to the fields of a message.
const ADDED: usize = 4;

/// Fields that mean something for the message itself do not belong behind it (RFC 9110, section 6.5.1).
const NO_TRAILERS: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::HOST,
    header::TRAILER,
    header::TE,
    header::CONNECTION,
];

/// Makes fields of what was parsed of `input`, of which `length` bytes are the head. `each` sees their names.
///
/// # Errors
/// When a name or a value is none.
pub(crate) fn collect(
    input: &[u8],
    length: usize,
    parsed: &[Header<'_>],
    mut each: impl FnMut(&HeaderName),
) -> Result<HeaderMap, Invalid> {
    // The values are parts of one copy, so that the buffer can be read into again.
    let copy = Bytes::copy_from_slice(&input[..length]);
    let mut headers = HeaderMap::with_capacity(parsed.len() + ADDED);
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Invalid::Field)?;
        let start = field.value.as_ptr().addr() - input.as_ptr().addr();
        // A line break is the one thing in a value that the parser may take and the other type does not.
        let value = HeaderValue::from_maybe_shared(copy.slice(start..start + field.value.len()))
            .or_else(|_| HeaderValue::from_bytes(&unfolded(field.value)));
        each(&name);
        headers.append(name, value.map_err(|_| Invalid::Field)?);
    }
    Ok(headers)
}

/// A value without line breaks.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.collect::<Vec<_>>().join(&b' ')
}

/// Writes one field, its name in the spelling that Go gives it.
pub(crate) fn put(name: &HeaderName, value: &HeaderValue, out: &mut BytesMut) {
    let start = out.len();
    out.reserve(name.as_str().len() + value.len() + 4);
    out.put_slice(name.as_str().as_bytes());
    let mut begins = true;
    for byte in &mut out[start..] {
        if begins {
            byte.make_ascii_uppercase();
        }
        begins = *byte == b'-';
    }
    out.put_slice(b": ");
    out.put_slice(value.as_bytes());
    out.put_slice(b"\r\n");
}

/// Writes the fields that may stand behind a body.
pub(super) fn put_trailers(trailers: &HeaderMap, out: &mut BytesMut) {
    for (name, value) in trailers.iter().filter(|(name, _)| !NO_TRAILERS.contains(name)) {
        put(name, value, out);
    }
}
