//! WebTransport over HTTP/3 (draft-ietf-webtrans-http3, drafts 02 to 16).
//!
//! [`Sessions`] says to which session of a connection a stream or a datagram belongs. [`Session`] reads the stream of one
//! session's CONNECT request and keeps its limits. [`codes`] and [`negotiate`] are what peers tell one another in error
//! codes and header fields.
//!
//! # What is missing for want of RESET_STREAM_AT
//!
//! Drafts 15 and 16 want the QUIC extension that delivers the first bytes of a stream although it is reset
//! (draft-ietf-quic-reliable-stream-reset). It is a matter of the QUIC implementation below, and is not offered without
//! it. This excludes:
//!
//! - clients that insist on its transport parameter, as draft 16 has it; those of draft 15 and before do not ask;
//! - that a stream which is reset early is told to its session: when the reset overtakes the header, the peer never learns
//!   to which session the stream belonged, nor its error code;
//! - an exact count of streams and bytes where a session has limits, for the same reason: a stream of which nobody
//!   learned is one that neither end can count.

use bytes::{BufMut, Bytes};

use crate::{Code, Error, SessionId, frame::WEBTRANSPORT_SIGNAL, varint};

pub mod codes;
pub mod flow;
pub mod negotiate;
mod session;
mod sessions;
mod structured;

pub use session::{Event, Session};
pub use sessions::{Limits, Route, Sessions};

/// Reads the first bytes of a bidirectional stream that a server opened: the signal and the session id, which come in
/// pieces of any size. (Those that a client opened are read as requests, see
/// [`Event::WebTransport`](crate::stream::Event::WebTransport).)
#[derive(Debug, Default)]
pub struct StreamHeader {
    signalled: bool,
    partial: varint::Partial,
}

impl StreamHeader {
    /// Takes from `input` what belongs to the header. `None` means that `input` is used up and more is needed; otherwise
    /// the rest of it is the stream's.
    ///
    /// # Errors
    /// H3_STREAM_CREATION_ERROR for a stream of any other kind, H3_ID_ERROR for a session that cannot be one.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<SessionId>, Error> {
        while let Some(value) = self.partial.read(input) {
            if self.signalled {
                return SessionId::new(value).map(Some);
            }
            if value != WEBTRANSPORT_SIGNAL {
                return Err(Error::connection(
                    Code::H3_STREAM_CREATION_ERROR,
                    "a server opens a bidirectional stream that is not one of WebTransport",
                ));
            }
            self.signalled = true;
        }
        Ok(None)
    }
}

/// Writes the header of a bidirectional stream of a session.
pub fn write_header(session: SessionId, out: &mut impl BufMut) {
    varint::write(WEBTRANSPORT_SIGNAL, out);
    varint::write(session.value(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_that_a_server_opens() {
        let session = SessionId::new(8).unwrap();
        let mut out = Vec::new();
        write_header(session, &mut out);
        out.extend(b"content");
        for size in [1, 2, 3, 100] {
            let mut header = StreamHeader::default();
            let mut found = None;
            for piece in out.chunks(size) {
                let mut input = Bytes::copy_from_slice(piece);
                if let Some(id) = header.next(&mut input).unwrap() {
                    found = Some(id);
                    break;
                }
            }
            assert_eq!(found, Some(session));
        }
        let code = |bytes: &'static [u8]| {
            StreamHeader::default().next(&mut Bytes::from_static(bytes)).unwrap_err().code
        };
        assert_eq!(code(b"\x00\x00"), Code::H3_STREAM_CREATION_ERROR);
        assert_eq!(code(b"\x40\x41\x01"), Code::H3_ID_ERROR);
    }
}
