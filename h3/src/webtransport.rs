//! WebTransport over HTTP/3 (draft-ietf-webtrans-http3, drafts 02 to 16).

use bytes::{BufMut, Bytes};

use crate::{Code, Error, SessionId, frame::WEBTRANSPORT_SIGNAL, varint};

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
