//! Datagrams of HTTP/3 (RFC 9297 section 2.1): to which request each belongs.

use bytes::{BufMut, Bytes};

use crate::{Code, Error, StreamId, varint};

/// The largest quarter of a stream id: 2<sup>60</sup> - 1.
const LARGEST: u64 = (1 << 60) - 1;

/// Reads the head of a datagram of QUIC: the stream of the request that it belongs to, and its payload.
///
/// # Errors
/// H3_DATAGRAM_ERROR, for the connection, if it is cut or names a stream that cannot be.
pub fn read(mut datagram: Bytes) -> Result<(StreamId, Bytes), Error> {
    match varint::read(&mut datagram) {
        Some(quarter @ ..=LARGEST) => Ok((StreamId::new(quarter * 4), datagram)),
        Some(_) => {
            Err(Error::connection(Code::H3_DATAGRAM_ERROR, "a datagram names a stream that cannot be"))
        }
        None => Err(Error::connection(Code::H3_DATAGRAM_ERROR, "a datagram is too short")),
    }
}

/// Writes the head of a datagram that belongs to the request on this stream; the payload follows.
pub fn write(request: StreamId, out: &mut impl BufMut) {
    debug_assert!(request.is_request());
    varint::write(request.value() / 4, out);
}

/// The answer to a datagram for a request that has nothing to do with datagrams: its stream is to be reset (RFC 9297
/// section 2). One for a request that is over is dropped instead.
pub const NO_SEMANTICS: Error =
    Error::stream(Code::H3_DATAGRAM_ERROR, "a datagram belongs to a request that knows no datagrams");
