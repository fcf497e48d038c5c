//! The peer's control stream (RFC 9114 sections 6.2.1 and 7.2): the order of its frames, and identifiers that only move
//! one way.

use bytes::Bytes;

use crate::{
    Code, Error, Role, Settings, StreamId,
    frame::{self, Kind, Part},
    varint,
};

/// The longest payload of a frame on the control stream, in bytes.
const LONGEST: u64 = 16 << 10;

/// What the peer says on its control stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Its settings, once, before all else.
    Settings(Settings),
    /// It will take nothing new: for a client, no requests from this stream on; for a server, no pushes from this id on.
    Goaway(u64),
    /// A client permits pushes up to this id.
    MaxPushId(u64),
    /// A frame of an unknown type. It means nothing, and is to be counted.
    Unknown,
}

/// Reads the control stream.
#[derive(Debug)]
pub(crate) struct Reader {
    frames: frame::Decoder,
    /// Who reads.
    role: Role,
    settings_seen: bool,
    goaway: Option<u64>,
    max_push_id: Option<u64>,
}

impl Reader {
    pub(crate) fn new(role: Role, webtransport: bool) -> Self {
        Self {
            frames: frame::Decoder::new(LONGEST, webtransport),
            role,
            settings_seen: false,
            goaway: None,
            max_push_id: None,
        }
    }

    pub(crate) fn next(&mut self, input: &mut Bytes) -> Result<Option<Control>, Error> {
        while let Some(part) = self.frames.next(input)? {
            let said = match part {
                Part::Head { kind, .. } => self.head(kind)?,
                Part::Payload(kind, payload) => Some(self.payload(kind, &payload)?),
                Part::Data(_) => return Err(not_here()),
            };
            if said.is_some() {
                return Ok(said);
            }
        }
        Ok(None)
    }

    fn head(&mut self, kind: Kind) -> Result<Option<Control>, Error> {
        match kind {
            // The signal of WebTransport has an error of its own wherever it is not permitted.
            Kind::WebTransport => {
                return Err(Error::connection(
                    Code::H3_FRAME_ERROR,
                    "the signal of a WebTransport stream is on the control stream",
                ));
            }
            Kind::Settings if self.settings_seen => {
                return Err(Error::connection(Code::H3_FRAME_UNEXPECTED, "SETTINGS come twice"));
            }
            Kind::Settings => self.settings_seen = true,
            _ if !self.settings_seen => {
                return Err(Error::connection(
                    Code::H3_MISSING_SETTINGS,
                    "the control stream does not begin with SETTINGS",
                ));
            }
            Kind::MaxPushId if self.role == Role::Client => {
                return Err(Error::connection(Code::H3_FRAME_UNEXPECTED, "a server sends MAX_PUSH_ID"));
            }
            Kind::CancelPush | Kind::Goaway | Kind::MaxPushId => {}
            Kind::Unknown => return Ok(Some(Control::Unknown)),
            Kind::Data | Kind::Headers | Kind::PushPromise | Kind::Http2 => return Err(not_here()),
        }
        Ok(None)
    }

    fn payload(&mut self, kind: Kind, payload: &[u8]) -> Result<Control, Error> {
        if kind == Kind::Settings {
            return Settings::read(payload).map(Control::Settings);
        }
        let id = varint::read_only(payload).ok_or(Error::connection(
            Code::H3_FRAME_ERROR,
            "a frame is longer or shorter than its one integer",
        ))?;
        match kind {
            Kind::Goaway => self.goaway(id),
            Kind::MaxPushId => self.max_push_id(id),
            // No push was ever permitted, nor promised.
            _ => Err(Error::connection(Code::H3_ID_ERROR, "a push is cancelled that cannot be")),
        }
    }

    fn goaway(&mut self, id: u64) -> Result<Control, Error> {
        if self.role == Role::Client && !StreamId::new(id).is_request() {
            return Err(Error::connection(Code::H3_ID_ERROR, "GOAWAY does not name a request"));
        }
        if self.goaway.is_some_and(|before| id > before) {
            return Err(Error::connection(Code::H3_ID_ERROR, "the id in GOAWAY grows"));
        }
        self.goaway = Some(id);
        Ok(Control::Goaway(id))
    }

    fn max_push_id(&mut self, id: u64) -> Result<Control, Error> {
        if self.max_push_id.is_some_and(|before| id < before) {
            return Err(Error::connection(Code::H3_ID_ERROR, "the maximum push id shrinks"));
        }
        self.max_push_id = Some(id);
        Ok(Control::MaxPushId(id))
    }

    /// The id of the last GOAWAY.
    pub(crate) fn last_goaway(&self) -> Option<u64> {
        self.goaway
    }
}

const fn not_here() -> Error {
    Error::connection(Code::H3_FRAME_UNEXPECTED, "a frame is not for the control stream")
}
