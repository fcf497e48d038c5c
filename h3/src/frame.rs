//! Frames (RFC 9114 section 7): an incremental decoder that copies no content, and an encoder of their heads.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{Code, Error, varint};

/// A frame type that this implementation knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Content (0x00).
    Data,
    /// A field section (0x01).
    Headers,
    /// A push is not wanted or not made (0x03).
    CancelPush,
    /// The settings of a connection (0x04).
    Settings,
    /// A request that the server makes up (0x05).
    PushPromise,
    /// The connection is to be used for nothing new (0x07).
    Goaway,
    /// How many pushes the client takes (0x0d).
    MaxPushId,
    /// What HTTP/2 has and HTTP/3 has not (0x02, 0x06, 0x08, 0x09): never permitted.
    Http2,
    /// The signal of a WebTransport stream (0x41), which has no length.
    WebTransport,
    /// Everything else: skipped, however long.
    Unknown,
}

/// The frame type of a WebTransport stream's signal.
pub const WEBTRANSPORT_SIGNAL: u64 = 0x41;

impl Kind {
    const fn new(value: u64) -> Self {
        match value {
            0x00 => Self::Data,
            0x01 => Self::Headers,
            0x03 => Self::CancelPush,
            0x04 => Self::Settings,
            0x05 => Self::PushPromise,
            0x07 => Self::Goaway,
            0x0d => Self::MaxPushId,
            0x02 | 0x06 | 0x08 | 0x09 => Self::Http2,
            WEBTRANSPORT_SIGNAL => Self::WebTransport,
            _ => Self::Unknown,
        }
    }
}

/// What a decoder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A frame begins. Whether it is permitted is for the caller to say, before anything of its payload is kept.
    Head {
        /// Its type.
        kind: Kind,
        /// The length of its payload in bytes; 0 for [`Kind::WebTransport`].
        length: u64,
    },
    /// A piece of the payload of DATA, never empty.
    Data(Bytes),
    /// The whole payload of a frame of any other type that is known.
    Payload(Kind, Bytes),
}

/// Reads frames from the bytes of one stream, which come in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// The longest payload that is kept, in bytes.
    limit: u64,
    /// Whether 0x41 is the signal of WebTransport, or a type as unknown as any other.
    webtransport: bool,
}

#[derive(Debug)]
enum State {
    Type(varint::Partial),
    Length(Kind, varint::Partial),
    /// This many bytes of content are to come.
    Data(u64),
    /// This many bytes are to be skipped.
    Skip(u64),
    /// A payload that came with nothing missing, or the part of it that came.
    Payload(Kind, u64, BytesMut),
}

impl Decoder {
    /// A decoder that keeps payloads of at most `limit` bytes and answers longer ones with H3_EXCESSIVE_LOAD.
    /// `webtransport` says whether 0x41 is a signal; otherwise it is skipped as other unknown frames are.
    #[must_use]
    pub fn new(limit: u64, webtransport: bool) -> Self {
        Self { state: State::Type(varint::Partial::default()), limit, webtransport }
    }

    /// Takes the next part from `input`. `None` means that `input` is used up and more is needed.
    ///
    /// # Errors
    /// H3_FRAME_ERROR for a length that the type cannot have. H3_FRAME_UNEXPECTED for types of HTTP/2 only.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Part>, Error> {
        loop {
            match &mut self.state {
                State::Type(partial) => {
                    let Some(value) = partial.read(input) else { return Ok(None) };
                    let kind = match Kind::new(value) {
                        Kind::WebTransport if !self.webtransport => Kind::Unknown,
                        Kind::WebTransport => {
                            self.state = State::Type(varint::Partial::default());
                            return Ok(Some(Part::Head { kind: Kind::WebTransport, length: 0 }));
                        }
                        kind => kind,
                    };
                    self.state = State::Length(kind, varint::Partial::default());
                }
                State::Length(kind, partial) => {
                    let Some(length) = partial.read(input) else { return Ok(None) };
                    let kind = *kind;
                    self.state = Self::after_head(kind, length)?;
                    return Ok(Some(Part::Head { kind, length }));
                }
                State::Data(0) | State::Skip(0) => self.state = State::Type(varint::Partial::default()),
                State::Data(missing) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    let piece = split(input, *missing);
                    *missing -= piece.len() as u64;
                    return Ok(Some(Part::Data(piece)));
                }
                State::Skip(missing) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    *missing -= split(input, *missing).len() as u64;
                }
                State::Payload(kind, length, kept) => {
                    if *length > self.limit {
                        return Err(Error::connection(Code::H3_EXCESSIVE_LOAD, "a frame is too long"));
                    }
                    let missing = *length - kept.len() as u64;
                    let piece = split(input, missing);
                    if piece.len() as u64 == missing {
                        let kind = *kind;
                        let payload = if kept.is_empty() { piece } else { join(kept, &piece) };
                        self.state = State::Type(varint::Partial::default());
                        return Ok(Some(Part::Payload(kind, payload)));
                    }
                    kept.extend_from_slice(&piece);
                    return Ok(None);
                }
            }
        }
    }

    fn after_head(kind: Kind, length: u64) -> Result<State, Error> {
        let single_integer = matches!(kind, Kind::CancelPush | Kind::Goaway | Kind::MaxPushId);
        if single_integer && !(1..=8).contains(&length) {
            return Err(Error::connection(
                Code::H3_FRAME_ERROR,
                "a frame has not the length of its one integer",
            ));
        }
        Ok(match kind {
            Kind::Data => State::Data(length),
            Kind::Http2 => {
                return Err(Error::connection(
                    Code::H3_FRAME_UNEXPECTED,
                    "a frame type that only HTTP/2 has",
                ));
            }
            Kind::Unknown | Kind::WebTransport => State::Skip(length),
            kind => State::Payload(kind, length, BytesMut::new()),
        })
    }

    /// The stream has ended cleanly.
    ///
    /// # Errors
    /// H3_FRAME_ERROR if it ended inside of a frame (RFC 9114 section 7.1).
    pub fn end(&self) -> Result<(), Error> {
        let cut = match &self.state {
            State::Type(partial) => partial.is_cut(),
            State::Data(missing) | State::Skip(missing) => *missing != 0,
            State::Length(..) | State::Payload(..) => true,
        };
        if cut {
            return Err(Error::connection(Code::H3_FRAME_ERROR, "the stream ends inside of a frame"));
        }
        Ok(())
    }
}

/// Takes at most `most` bytes from the start of `input`.
pub(crate) fn split(input: &mut Bytes, most: u64) -> Bytes {
    let length = usize::try_from(most).map_or(input.len(), |most| most.min(input.len()));
    input.split_to(length)
}

fn join(kept: &mut BytesMut, piece: &Bytes) -> Bytes {
    kept.extend_from_slice(piece);
    std::mem::take(kept).freeze()
}

/// Writes the head of a DATA frame, after which `length` bytes of content are to be sent.
pub fn data(length: u64, out: &mut impl BufMut) {
    out.put_u8(0x00);
    varint::write(length, out);
}

/// Writes a GOAWAY frame.
pub(crate) fn goaway(id: u64, out: &mut impl BufMut) {
    out.put_u8(0x07);
    varint::write(varint::size(id) as u64, out);
    varint::write(id, out);
}

/// Writes a frame whose payload is what `write` puts out; lengths below 16,384 cost no move of bytes.
pub(crate) fn with_payload(kind: u8, out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_slice(&[kind, 0, 0]);
    write(out);
    let length = out.len() - start - 3;
    if length < 0x4000 {
        out[start + 1..start + 3].copy_from_slice(&(length as u16 | 0x4000).to_be_bytes());
        return;
    }
    let extra = varint::size(length as u64) - 2;
    out.put_bytes(0, extra);
    out.copy_within(start + 3..start + 3 + length, start + 3 + extra);
    varint::write(length as u64, &mut &mut out[start + 1..start + 3 + extra]);
}

#[cfg(test)]
mod tests;
