//! Messages to HEADERS frames, into a buffer that is used again and again.
//!
//! Fields about one connection of HTTP/1.1 are left out: no message may have them, and who forwards one that came over
//! HTTP/1.1 must remove them (RFC 9114 section 4.2). Each function returns the size of the fields as the peer's
//! SETTINGS_MAX_FIELD_SECTION_SIZE counts it, in bytes; who finds it too large takes the frame off the buffer again.

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::{Protocol, is_connection_specific, is_te_permitted};
use crate::{frame, qpack::Encoder};

/// The type of HEADERS.
const HEADERS: u8 = 0x01;

/// Writes the head of a request.
///
/// The authority is the `host` field if there is one, and that of `uri` otherwise. A target without a scheme is
/// `https`; one without a path is `/`. Plain CONNECT has neither.
pub fn request(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    protocol: Option<&Protocol>,
    out: &mut BytesMut,
) -> u64 {
    section(out, |encoder| {
        encoder.field(":method", method.as_str().as_bytes(), false);
        if method != Method::CONNECT || protocol.is_some() {
            encoder.field(":scheme", uri.scheme_str().unwrap_or("https").as_bytes(), false);
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            encoder.field(":path", if path.is_empty() { b"/" } else { path.as_bytes() }, false);
        }
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
        if let Some(authority) =
            host.or_else(|| uri.authority().map(|authority| authority.as_str().as_bytes()))
        {
            encoder.field(":authority", authority, false);
        }
        if let Some(protocol) = protocol {
            encoder.field(":protocol", protocol.as_str().as_bytes(), false);
        }
        fields(encoder, headers, |name, value| match *name {
            header::HOST => false,
            header::TE => is_te_permitted(value.as_bytes()),
            _ => true,
        });
    })
}

/// Writes the head of a response, or an interim one.
pub fn response(status: StatusCode, headers: &HeaderMap, out: &mut BytesMut) -> u64 {
    section(out, |encoder| {
        encoder.field(":status", status.as_str().as_bytes(), false);
        fields(encoder, headers, |name, _| *name != header::TE);
    })
}

/// Writes a trailer section.
pub fn trailers(headers: &HeaderMap, out: &mut BytesMut) -> u64 {
    section(out, |encoder| fields(encoder, headers, |name, _| *name != header::TE))
}

fn section(out: &mut BytesMut, write: impl FnOnce(&mut Encoder<'_>)) -> u64 {
    let mut size = 0;
    frame::with_payload(HEADERS, out, |out| {
        let mut encoder = Encoder::new(out);
        write(&mut encoder);
        size = encoder.size();
    });
    size
}

fn fields(encoder: &mut Encoder<'_>, headers: &HeaderMap, keep: impl Fn(&HeaderName, &HeaderValue) -> bool) {
    for (name, value) in headers {
        if !is_connection_specific(name) && keep(name, value) {
            encoder.field(name.as_str(), value.as_bytes(), value.is_sensitive() || is_secret(name));
        }
    }
}

/// Fields whose values nobody on the way should be able to guess from how well they compress (RFC 9204 section 7.1.3).
fn is_secret(name: &HeaderName) -> bool {
    matches!(*name, header::AUTHORIZATION | header::PROXY_AUTHORIZATION | header::COOKIE | header::SET_COOKIE)
}
