//! The first bytes of a unidirectional stream (RFC 9114 section 6.2): what the stream is for.

use bytes::{BufMut, Bytes};

use crate::{Error, SessionId, varint};

/// What a unidirectional stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uni {
    /// The control stream (0x00): SETTINGS and what follows.
    Control,
    /// A pushed response (0x01).
    Push(u64),
    /// Instructions of the peer's QPACK encoder (0x02).
    QpackEncoder,
    /// Instructions of the peer's QPACK decoder (0x03).
    QpackDecoder,
    /// A stream of a WebTransport session (0x54); all that follows is its content.
    WebTransport(SessionId),
    /// Something that nobody here knows, reserved types among it: reading is to be stopped with
    /// H3_STREAM_CREATION_ERROR, and nothing else is wrong.
    Unknown(u64),
}

/// The stream type of the control stream.
pub const CONTROL: u8 = 0x00;

const PUSH: u64 = 0x01;
const QPACK_ENCODER: u64 = 0x02;
const QPACK_DECODER: u64 = 0x03;
const WEBTRANSPORT: u64 = 0x54;

/// Reads the first bytes of a stream, which come in pieces of any size. A stream that ends before it has said what it is
/// for is nothing to complain about (section 6.2).
#[derive(Debug, Default)]
pub struct Header {
    kind: Option<u64>,
    partial: varint::Partial,
    webtransport: bool,
}

impl Header {
    /// `webtransport` says whether 0x54 is known; otherwise it is as unknown as any other type.
    #[must_use]
    pub fn new(webtransport: bool) -> Self {
        Self { webtransport, ..Self::default() }
    }

    /// Takes from `input` what belongs to the header. `None` means that `input` is used up and more is needed; otherwise
    /// the rest of it is the stream's.
    ///
    /// # Errors
    /// H3_ID_ERROR for a WebTransport session that cannot be one.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Uni>, Error> {
        loop {
            let Some(value) = self.partial.read(input) else { return Ok(None) };
            return Ok(Some(match (self.kind, value) {
                (Some(PUSH), id) => Uni::Push(id),
                (Some(_), id) => Uni::WebTransport(SessionId::new(id)?),
                (None, 0) => Uni::Control,
                (None, QPACK_ENCODER) => Uni::QpackEncoder,
                (None, QPACK_DECODER) => Uni::QpackDecoder,
                (None, kind) if kind == PUSH || (kind == WEBTRANSPORT && self.webtransport) => {
                    self.kind = Some(kind);
                    continue;
                }
                (None, kind) => Uni::Unknown(kind),
            }));
        }
    }
}

/// Writes the header of a unidirectional stream of a WebTransport session.
pub fn write_webtransport(session: SessionId, out: &mut impl BufMut) {
    varint::write(WEBTRANSPORT, out);
    varint::write(session.value(), out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn read(bytes: &'static [u8], webtransport: bool) -> Result<(Option<Uni>, Bytes), Error> {
        let mut whole = Bytes::from_static(bytes);
        let found = Header::new(webtransport).next(&mut whole)?;
        let mut header = Header::new(webtransport);
        for (at, byte) in bytes.iter().enumerate() {
            if let Some(uni) = header.next(&mut Bytes::copy_from_slice(&[*byte]))? {
                assert_eq!((Some(uni), whole.len()), (found, bytes.len() - at - 1));
                break;
            }
        }
        Ok((found, whole))
    }

    #[test]
    fn types_of_streams() {
        for (bytes, expected) in [
            (&b"\x00rest"[..], Some(Uni::Control)),
            (b"\x40\x00rest", Some(Uni::Control)),
            (b"\x01\x07rest", Some(Uni::Push(7))),
            (b"\x02rest", Some(Uni::QpackEncoder)),
            (b"\x03rest", Some(Uni::QpackDecoder)),
            (b"\x40\x54\x04rest", SessionId::new(4).ok().map(Uni::WebTransport)),
            (b"\x21rest", Some(Uni::Unknown(0x21))),
        ] {
            assert_eq!(read(bytes, true), Ok((expected, Bytes::from_static(b"rest"))));
        }
        assert_eq!(read(b"\x40", true), Ok((None, Bytes::new())));
        assert_eq!(read(b"\x40\x54rest", false).map(|(uni, _)| uni), Ok(Some(Uni::Unknown(0x54))));
        assert_eq!(read(b"\x40\x54\x05", true).map_err(|error| error.code), Err(Code::H3_ID_ERROR));
    }

    #[test]
    fn headers_of_webtransport_are_written() {
        let mut out = Vec::new();
        write_webtransport(SessionId::new(8).unwrap(), &mut out);
        assert_eq!(out, b"\x40\x54\x08");
    }
}
