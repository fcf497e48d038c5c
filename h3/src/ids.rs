//! Stream ids of QUIC (RFC 9000 section 2.1) and the session ids of WebTransport.

use crate::{Code, Error, varint};

/// Which end of the connection somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that sends requests.
    Client,
    /// The end that answers them.
    Server,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Whether one or both ends send on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ends send.
    Bidirectional,
    /// Only the end that opened the stream sends.
    Unidirectional,
}

/// The id of a stream of QUIC: its lowest bits say who opened it and who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl StreamId {
    /// The largest id of a request.
    pub const LAST_REQUEST: Self = Self(varint::MAX - 3);

    /// The id as QUIC has it.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The id as a number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Who opened the stream.
    #[must_use]
    pub const fn initiator(self) -> Role {
        if self.0 & 1 == 0 { Role::Client } else { Role::Server }
    }

    /// Who sends on the stream.
    #[must_use]
    pub const fn direction(self) -> Direction {
        if self.0 & 2 == 0 { Direction::Bidirectional } else { Direction::Unidirectional }
    }

    /// Whether the stream is one for a request: bidirectional and opened by the client.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.0 & 3 == 0
    }
}

/// The id of a WebTransport session: that of the stream of its CONNECT request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u64);

impl SessionId {
    /// Reads a session id from the wire.
    ///
    /// # Errors
    /// H3_ID_ERROR if it is not the id of a stream for a request (draft-ietf-webtrans-http3-15 section 4).
    pub const fn new(value: u64) -> Result<Self, Error> {
        if StreamId::new(value).is_request() && value <= varint::MAX {
            return Ok(Self(value));
        }
        Err(Error::connection(
            Code::H3_ID_ERROR,
            "the session id is not that of a client's bidirectional stream",
        ))
    }

    /// The stream of the session's CONNECT request.
    #[must_use]
    pub const fn stream(self) -> StreamId {
        StreamId(self.0)
    }

    /// The id as a number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// Whether an identifier (of a frame, a setting, a stream type or an error) is one of those that are reserved to make
/// sure that unknown ones are ignored (RFC 9114 section 7.2.8 and others).
#[must_use]
pub const fn is_reserved(value: u64) -> bool {
    value >= 0x21 && (value - 0x21).is_multiple_of(0x1f)
}

/// One of the reserved identifiers, made from any number.
#[must_use]
pub const fn reserved(seed: u64) -> u64 {
    0x21 + 0x1f * (seed % ((varint::MAX - 0x21) / 0x1f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_who_opened_a_stream() {
        let ids = [0, 1, 2, 3].map(|id| (StreamId::new(id).initiator(), StreamId::new(id).direction()));
        assert_eq!(
            ids,
            [
                (Role::Client, Direction::Bidirectional),
                (Role::Server, Direction::Bidirectional),
                (Role::Client, Direction::Unidirectional),
                (Role::Server, Direction::Unidirectional),
            ]
        );
        assert_eq!(SessionId::new(8).map(SessionId::value), Ok(8));
        assert_eq!(SessionId::new(9).map_err(|error| error.code), Err(Code::H3_ID_ERROR));
        assert!(StreamId::LAST_REQUEST.is_request());
    }

    #[test]
    fn reserved_identifiers() {
        assert!(is_reserved(0x21) && is_reserved(0x40) && !is_reserved(0x41) && !is_reserved(2));
        for seed in [0, 1, 77, u64::MAX] {
            assert!(is_reserved(reserved(seed)) && reserved(seed) <= varint::MAX);
        }
    }
}
