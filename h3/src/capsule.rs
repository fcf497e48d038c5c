//! Capsules (RFC 9297 section 3): an incremental decoder, and those that WebTransport defines.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{Direction, Error, frame::split, varint};

/// The longest reason for closing a session, in bytes.
pub const LONGEST_REASON: usize = 1024;

/// A capsule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capsule {
    /// DATAGRAM (0x00): a datagram that came reliably.
    Datagram(Bytes),
    /// WT_CLOSE_SESSION (0x2843): the session is over. Only the end of the stream follows.
    CloseSession {
        /// The application's code.
        code: u32,
        /// The application's words, of at most [`LONGEST_REASON`] bytes.
        reason: String,
    },
    /// WT_DRAIN_SESSION (0x78ae): the session should come to its end.
    DrainSession,
    /// WT_MAX_DATA (0x190b4d3d): how many bytes may be sent on the session's streams, since it began.
    MaxData(u64),
    /// WT_MAX_STREAMS (0x190b4d3f, 0x190b4d40): how many streams may be opened, since the session began.
    MaxStreams(Direction, u64),
    /// WT_DATA_BLOCKED (0x190b4d41): the peer would send more if it could.
    DataBlocked(u64),
    /// WT_STREAMS_BLOCKED (0x190b4d43, 0x190b4d44): the peer would open more if it could.
    StreamsBlocked(Direction, u64),
    /// WT_MAX_STREAM_DATA (0x190b4d3e) and WT_STREAM_DATA_BLOCKED (0x190b4d42): known, and prohibited over HTTP/3, where
    /// QUIC does what they are for.
    Prohibited,
    /// Any other, short enough to be kept: an intermediary passes it on, everybody else ignores it (section 3.2).
    Unknown {
        /// Its type.
        kind: u64,
        /// Its value.
        value: Bytes,
    },
}

const DATAGRAM: u64 = 0x00;
const CLOSE_SESSION: u64 = 0x2843;
const DRAIN_SESSION: u64 = 0x78ae;
const MAX_DATA: u64 = 0x190b_4d3d;
const MAX_STREAM_DATA: u64 = 0x190b_4d3e;
const MAX_STREAMS_BIDI: u64 = 0x190b_4d3f;
const MAX_STREAMS_UNI: u64 = 0x190b_4d40;
const DATA_BLOCKED: u64 = 0x190b_4d41;
const STREAM_DATA_BLOCKED: u64 = 0x190b_4d42;
const STREAMS_BLOCKED_BIDI: u64 = 0x190b_4d43;
const STREAMS_BLOCKED_UNI: u64 = 0x190b_4d44;

impl Capsule {
    /// Writes the capsule. A reason that is too long is cut before the character that does not fit.
    pub fn write(&self, out: &mut impl BufMut) {
        use Direction::{Bidirectional, Unidirectional};
        let (kind, limit) = match self {
            Self::Datagram(payload) => return with_value(DATAGRAM, payload, out),
            Self::Unknown { kind, value } => return with_value(*kind, value, out),
            Self::DrainSession => return with_value(DRAIN_SESSION, b"", out),
            Self::CloseSession { code, reason } => {
                let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
                return with_value(CLOSE_SESSION, &[&code.to_be_bytes(), reason.as_bytes()].concat(), out);
            }
            // It is never sent.
            Self::Prohibited => return,
            Self::MaxData(limit) => (MAX_DATA, limit),
            Self::MaxStreams(Bidirectional, limit) => (MAX_STREAMS_BIDI, limit),
            Self::MaxStreams(Unidirectional, limit) => (MAX_STREAMS_UNI, limit),
            Self::DataBlocked(limit) => (DATA_BLOCKED, limit),
            Self::StreamsBlocked(Bidirectional, limit) => (STREAMS_BLOCKED_BIDI, limit),
            Self::StreamsBlocked(Unidirectional, limit) => (STREAMS_BLOCKED_UNI, limit),
        };
        varint::write(kind, out);
        varint::write(varint::size(*limit) as u64, out);
        varint::write(*limit, out);
    }

    fn read(kind: u64, mut value: Bytes) -> Result<Self, Error> {
        let integer =
            || varint::read_only(&value).ok_or(malformed("a capsule is longer or shorter than its integer"));
        Ok(match kind {
            DATAGRAM => Self::Datagram(value),
            CLOSE_SESSION => {
                let code =
                    value.try_get_u32().map_err(|_| malformed("a session is closed without a code"))?;
                if value.len() > LONGEST_REASON {
                    return Err(malformed("the reason for closing a session is too long"));
                }
                let reason = String::from_utf8(value.into())
                    .map_err(|_| malformed("the reason for closing a session is not UTF-8"))?;
                Self::CloseSession { code, reason }
            }
            DRAIN_SESSION if value.is_empty() => Self::DrainSession,
            DRAIN_SESSION => return Err(malformed("WT_DRAIN_SESSION has a value")),
            MAX_DATA => Self::MaxData(integer()?),
            MAX_STREAMS_BIDI => Self::MaxStreams(Direction::Bidirectional, integer()?),
            MAX_STREAMS_UNI => Self::MaxStreams(Direction::Unidirectional, integer()?),
            DATA_BLOCKED => Self::DataBlocked(integer()?),
            STREAMS_BLOCKED_BIDI => Self::StreamsBlocked(Direction::Bidirectional, integer()?),
            STREAMS_BLOCKED_UNI => Self::StreamsBlocked(Direction::Unidirectional, integer()?),
            MAX_STREAM_DATA | STREAM_DATA_BLOCKED => Self::Prohibited,
            kind => Self::Unknown { kind, value },
        })
    }
}

fn with_value(kind: u64, value: &[u8], out: &mut impl BufMut) {
    varint::write(kind, out);
    varint::write(value.len() as u64, out);
    out.put_slice(value);
}

/// Reads capsules from the content of a message, which comes in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// The longest value of a datagram or an unknown capsule that is kept, in bytes; longer ones are skipped.
    limit: u64,
}

#[derive(Debug)]
enum State {
    Type(varint::Partial),
    Length(u64, varint::Partial),
    Value(u64, u64, BytesMut),
    Skip(u64),
}

impl Decoder {
    /// A decoder that keeps datagrams and unknown capsules of at most `limit` bytes, and skips longer ones.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { state: State::Type(varint::Partial::default()), limit }
    }

    /// Takes the next capsule from `input`. `None` means that `input` is used up and more is needed.
    ///
    /// # Errors
    /// H3_MESSAGE_ERROR, for the stream, if a capsule has not the layout of its type (section 3.3).
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Capsule>, Error> {
        loop {
            match &mut self.state {
                State::Type(partial) => {
                    let Some(kind) = partial.read(input) else { return Ok(None) };
                    self.state = State::Length(kind, varint::Partial::default());
                }
                State::Length(kind, partial) => {
                    let Some(length) = partial.read(input) else { return Ok(None) };
                    self.state = after_head(*kind, length, self.limit)?;
                }
                State::Value(kind, length, kept) => {
                    let missing = *length - kept.len() as u64;
                    let piece = split(input, missing);
                    if (piece.len() as u64) < missing {
                        kept.extend_from_slice(&piece);
                        return Ok(None);
                    }
                    let value = if kept.is_empty() {
                        piece
                    } else {
                        kept.extend_from_slice(&piece);
                        std::mem::take(kept).freeze()
                    };
                    let kind = *kind;
                    self.state = State::Type(varint::Partial::default());
                    return Capsule::read(kind, value).map(Some);
                }
                State::Skip(0) => self.state = State::Type(varint::Partial::default()),
                State::Skip(missing) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    *missing -= split(input, *missing).len() as u64;
                }
            }
        }
    }

    /// The content has ended cleanly.
    ///
    /// # Errors
    /// H3_MESSAGE_ERROR, for the stream, if it ended inside of a capsule (section 3.3).
    pub fn end(&self) -> Result<(), Error> {
        match &self.state {
            State::Type(partial) if !partial.is_cut() => Ok(()),
            State::Skip(0) => Ok(()),
            _ => Err(malformed("the stream ends inside of a capsule")),
        }
    }
}

/// What is done with the value: wrong lengths are found before it is kept.
fn after_head(kind: u64, length: u64, limit: u64) -> Result<State, Error> {
    let (most, may_be_longer) = match kind {
        CLOSE_SESSION => (4 + LONGEST_REASON as u64, false),
        DRAIN_SESSION => (0, false),
        MAX_DATA | MAX_STREAMS_BIDI | MAX_STREAMS_UNI | DATA_BLOCKED | STREAMS_BLOCKED_BIDI
        | STREAMS_BLOCKED_UNI => (8, false),
        _ => (limit, true),
    };
    match length <= most {
        true => Ok(State::Value(kind, length, BytesMut::new())),
        false if may_be_longer => Ok(State::Skip(length)),
        false => Err(malformed("a capsule is too long for its type")),
    }
}

const fn malformed(reason: &'static str) -> Error {
    Error::message(reason)
}

#[cfg(test)]
mod tests;
