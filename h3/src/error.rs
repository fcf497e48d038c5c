//! Error codes of HTTP/3, QPACK, datagrams and WebTransport, and what they end: a stream or the connection.

use std::fmt;

/// A code as it is on the wire: in RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(u64);

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal;)*) => {
        impl Code {
            $($(#[doc = $doc])+ pub const $name: Code = Code($value);)*

            /// The name that the RFC or draft gives to the code, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// A datagram or a capsule cannot be read (RFC 9297 section 5.2).
    H3_DATAGRAM_ERROR = 0x33;
    /// The end, without an error (RFC 9114 section 8.1, as all that begin with `H3_` and are not named otherwise).
    H3_NO_ERROR = 0x0100;
    /// The protocol was violated in a way that has no code of its own.
    H3_GENERAL_PROTOCOL_ERROR = 0x0101;
    /// An error inside of this implementation.
    H3_INTERNAL_ERROR = 0x0102;
    /// The peer created a stream that is not accepted.
    H3_STREAM_CREATION_ERROR = 0x0103;
    /// A stream that the connection cannot be without was closed.
    H3_CLOSED_CRITICAL_STREAM = 0x0104;
    /// A frame is not permitted here or now.
    H3_FRAME_UNEXPECTED = 0x0105;
    /// The layout or size of a frame is wrong.
    H3_FRAME_ERROR = 0x0106;
    /// The peer causes more work than it is given.
    H3_EXCESSIVE_LOAD = 0x0107;
    /// A stream or push id was used wrongly.
    H3_ID_ERROR = 0x0108;
    /// The payload of SETTINGS is wrong.
    H3_SETTINGS_ERROR = 0x0109;
    /// The control stream does not begin with SETTINGS.
    H3_MISSING_SETTINGS = 0x010a;
    /// The server did not look at the request: it may be sent again.
    H3_REQUEST_REJECTED = 0x010b;
    /// The request is of no interest any more, or the response was given up.
    H3_REQUEST_CANCELLED = 0x010c;
    /// The client's stream ended before a whole request.
    H3_REQUEST_INCOMPLETE = 0x010d;
    /// A message is malformed.
    H3_MESSAGE_ERROR = 0x010e;
    /// The connection behind a CONNECT request was reset.
    H3_CONNECT_ERROR = 0x010f;
    /// The peer should try HTTP/1.1.
    H3_VERSION_FALLBACK = 0x0110;
    /// A field section cannot be decoded (RFC 9204 section 6).
    QPACK_DECOMPRESSION_FAILED = 0x0200;
    /// An instruction on the encoder stream is wrong (RFC 9204 section 6).
    QPACK_ENCODER_STREAM_ERROR = 0x0201;
    /// An instruction on the decoder stream is wrong (RFC 9204 section 6).
    QPACK_DECODER_STREAM_ERROR = 0x0202;
    /// The flow control of a WebTransport session was violated (draft-ietf-webtrans-http3-14 and later).
    WT_FLOW_CONTROL_ERROR = 0x045d_4487;
    /// The negotiation of an application protocol failed (draft-ietf-webtrans-http3-15 and later).
    WT_ALPN_ERROR = 0x0817_b3dd;
    /// A stream belongs to a WebTransport session that has ended (draft-ietf-webtrans-http3).
    WT_SESSION_GONE = 0x170d_7b68;
    /// The peer's settings do not permit WebTransport (draft-ietf-webtrans-http3-15 and later).
    WT_REQUIREMENTS_NOT_MET = 0x212c_0d48;
    /// No room to keep a stream until its WebTransport session is known (draft-ietf-webtrans-http3).
    WT_BUFFERED_STREAM_REJECTED = 0x3994_bd84;
}

impl Code {
    /// A code as it came from the wire.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The code for the wire.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Whether a peer says with this code that nothing is wrong: H3_NO_ERROR, and every code that is not known
    /// (RFC 9114 section 8).
    #[must_use]
    pub const fn is_no_error(self) -> bool {
        self.0 == Self::H3_NO_ERROR.0 || self.name().is_none()
    }
}

impl From<Code> for u64 {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The connection is to be closed with the code.
    Connection,
    /// The stream is to be reset and reading from it to be stopped, with the code; the connection goes on.
    Stream,
}

/// A violation by the peer, and what is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} ({code})")]
pub struct Error {
    /// The code for the peer.
    pub code: Code,
    /// What the error ends.
    pub scope: Scope,
    /// What was wrong, for the log.
    pub reason: &'static str,
}

impl Error {
    /// An error that ends the connection.
    #[must_use]
    pub const fn connection(code: Code, reason: &'static str) -> Self {
        Self { code, scope: Scope::Connection, reason }
    }

    /// An error that ends a stream.
    #[must_use]
    pub const fn stream(code: Code, reason: &'static str) -> Self {
        Self { code, scope: Scope::Stream, reason }
    }

    /// A malformed message (RFC 9114 section 4.1.2).
    pub(crate) const fn message(reason: &'static str) -> Self {
        Self::stream(Code::H3_MESSAGE_ERROR, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_unknown_ones_are_no_error() {
        assert_eq!(Code::H3_MESSAGE_ERROR.to_string(), "H3_MESSAGE_ERROR");
        assert_eq!(Code::new(0x21).to_string(), "0x21");
        assert!(Code::new(0x21).is_no_error() && Code::H3_NO_ERROR.is_no_error());
        assert!(!Code::H3_REQUEST_REJECTED.is_no_error());
        let error = Error::connection(Code::H3_ID_ERROR, "GOAWAY grows");
        assert_eq!(error.to_string(), "GOAWAY grows (H3_ID_ERROR)");
    }
}
