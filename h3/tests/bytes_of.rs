//! Bytes that a peer sends, made by hand, rules or not.

use bytes::BytesMut;
use caddis_h3::{qpack::Encoder, varint};

/// A variable-length integer.
pub(crate) fn integer(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint::write(value, &mut out);
    out
}

/// Any frame.
pub(crate) fn frame(kind: u64, payload: &[u8]) -> Vec<u8> {
    [integer(kind), integer(payload.len() as u64), payload.to_vec()].concat()
}

/// A frame whose payload is one integer.
pub(crate) fn frame_of(kind: u64, value: u64) -> Vec<u8> {
    frame(kind, &integer(value))
}

pub(crate) const CANCEL_PUSH: u64 = 0x03;
pub(crate) const PUSH_PROMISE: u64 = 0x05;
pub(crate) const GOAWAY: u64 = 0x07;
pub(crate) const MAX_PUSH_ID: u64 = 0x0d;

/// An encoded field section.
pub(crate) fn section(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for (name, value) in fields {
        encoder.field(name, value.as_bytes(), false);
    }
    out.to_vec()
}

/// HEADERS.
pub(crate) fn headers(fields: &[(&str, &str)]) -> Vec<u8> {
    frame(0x01, &section(fields))
}

/// DATA.
pub(crate) fn data(content: &[u8]) -> Vec<u8> {
    frame(0x00, content)
}

/// SETTINGS.
pub(crate) fn settings(pairs: &[(u64, u64)]) -> Vec<u8> {
    frame(
        0x04,
        &pairs.iter().flat_map(|(id, value)| [integer(*id), integer(*value)].concat()).collect::<Vec<_>>(),
    )
}

/// A request that nothing is wrong with.
pub(crate) const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "example.com"), (":path", "/")];

/// HEADERS of [`GET`] with further fields.
pub(crate) fn get_with(fields: &[(&str, &str)]) -> Vec<u8> {
    headers(&[&GET[..], fields].concat())
}

/// HEADERS of [`GET`] with one pseudo-header field replaced, or left out.
pub(crate) fn get_but(name: &str, value: Option<&str>) -> Vec<u8> {
    let fields = GET
        .iter()
        .filter_map(|field| if field.0 == name { value.map(|value| (field.0, value)) } else { Some(*field) });
    headers(&fields.collect::<Vec<_>>())
}

/// HEADERS of a response with status 200 and further fields.
pub(crate) fn ok_with(fields: &[(&str, &str)]) -> Vec<u8> {
    headers(&[&[(":status", "200")][..], fields].concat())
}
