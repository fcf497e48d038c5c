//! The state of a connection (RFC 9114 sections 5 and 6): its streams, both ends' settings, GOAWAY both ways, and what
//! the peer may cost.

use bytes::{BufMut, Bytes, BytesMut};
use http::Method;

use crate::{
    Code, Dialect, Direction, Error, Role, Settings, StreamId, control,
    control::Control,
    frame, qpack,
    stream::{self, Incoming},
    uni::{self, Uni},
};

mod budget;

pub use budget::Costs;

use budget::Budget;

/// What a peer may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// On one stream.
    pub stream: stream::Limits,
    /// On the connection.
    pub costs: Costs,
}

/// What is to be done with a stream that the peer opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Read it.
    Read,
    /// Stop reading it with this code (and reset it, if it is bidirectional). Nothing else is wrong.
    Refuse(Code),
}

/// One connection, at either end.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    local: Settings,
    peer: Option<Settings>,
    /// The settings that early data was sent by.
    remembered: Option<Settings>,
    limits: Limits,
    budget: Budget,
    control: control::Reader,
    decoder_instructions: qpack::streams::DecoderInstructions,
    opened: Opened,
    /// The id in the last GOAWAY that was sent.
    goaway_sent: Option<u64>,
    /// The request with the highest id that was taken.
    last_request: Option<StreamId>,
}

/// The critical streams that the peer has opened: at most one of each.
#[derive(Debug, Default)]
struct Opened {
    control: bool,
    qpack_encoder: bool,
    qpack_decoder: bool,
}

impl Connection {
    /// A connection that was just established. `local` are the settings that this end sends.
    #[must_use]
    pub fn new(role: Role, local: Settings, limits: Limits) -> Self {
        let webtransport = offers_webtransport(&local);
        Self {
            role,
            local,
            peer: None,
            remembered: None,
            limits,
            budget: Budget::new(limits.costs),
            control: control::Reader::new(role, webtransport),
            decoder_instructions: qpack::streams::DecoderInstructions::default(),
            opened: Opened::default(),
            goaway_sent: None,
            last_request: None,
        }
    }

    /// For a client whose early data was accepted: the server's settings of the connection before, which it must keep to.
    pub fn remember(&mut self, settings: Settings) {
        self.remembered = Some(settings);
    }

    /// Writes the first bytes of this end's control stream, its type and SETTINGS: to be sent at once, on a stream that is
    /// never closed. `seed` picks the reserved setting (see [`Settings::write`]).
    ///
    /// The streams of QPACK need not be opened (RFC 9204 section 4.2).
    pub fn open(&self, seed: u64, out: &mut BytesMut) {
        out.put_u8(uni::CONTROL);
        self.local.write(seed, out);
    }

    /// This end's settings.
    #[must_use]
    pub fn local(&self) -> &Settings {
        &self.local
    }

    /// The peer's settings, once they came.
    #[must_use]
    pub fn peer(&self) -> Option<&Settings> {
        self.peer.as_ref()
    }

    /// The dialect of WebTransport that both ends speak, as far as that is known.
    #[must_use]
    pub fn webtransport(&self) -> Option<Dialect> {
        self.local.webtransport(self.role, self.peer.as_ref()?)
    }

    /// Whether datagrams may be sent (RFC 9297 section 2.1.1).
    #[must_use]
    pub fn sends_datagrams(&self) -> bool {
        self.local.takes_datagrams() && self.peer.as_ref().is_some_and(Settings::takes_datagrams)
    }

    /// The largest field section that the peer takes, in bytes; `None` for no limit.
    #[must_use]
    pub fn peer_field_section(&self) -> Option<u64> {
        self.peer.as_ref()?.max_field_section_size
    }

    /// Reads the type of a unidirectional stream that the peer opened.
    #[must_use]
    pub fn uni_header(&self) -> uni::Header {
        uni::Header::new(offers_webtransport(&self.local))
    }

    /// A unidirectional stream has said what it is for. One of a WebTransport session is left to the sessions.
    ///
    /// # Errors
    /// H3_STREAM_CREATION_ERROR for a second critical stream, or a push from a client. H3_ID_ERROR for a push that was not
    /// permitted. H3_EXCESSIVE_LOAD for too many unknown streams.
    pub fn accept_uni(&mut self, uni: Uni) -> Result<Accept, Error> {
        let opened = match uni {
            Uni::Control => &mut self.opened.control,
            Uni::QpackEncoder => &mut self.opened.qpack_encoder,
            Uni::QpackDecoder => &mut self.opened.qpack_decoder,
            Uni::WebTransport(_) => return Ok(Accept::Read),
            Uni::Unknown(_) => {
                self.budget.charge("too many streams of unknown types")?;
                return Ok(Accept::Refuse(Code::H3_STREAM_CREATION_ERROR));
            }
            Uni::Push(_) if self.role == Role::Server => {
                return Err(creation("a client opens a push stream"));
            }
            Uni::Push(_) => {
                return Err(Error::connection(Code::H3_ID_ERROR, "a push that was not permitted"));
            }
        };
        if std::mem::replace(opened, true) {
            return Err(creation("a second stream of a kind of which there is one"));
        }
        Ok(Accept::Read)
    }

    /// A unidirectional stream has ended before it said what it is for. That is permitted (section 6.2), but counted.
    ///
    /// # Errors
    /// H3_EXCESSIVE_LOAD if it happens too often.
    pub fn nameless_uni(&mut self) -> Result<(), Error> {
        self.budget.charge("too many streams that say nothing")
    }

    /// A unidirectional stream of this kind has ended or was reset, or the peer stopped reading ours.
    ///
    /// # Errors
    /// H3_CLOSED_CRITICAL_STREAM if the connection cannot be without it.
    pub fn closed_uni(&self, uni: Uni) -> Result<(), Error> {
        match uni {
            Uni::Control | Uni::QpackEncoder | Uni::QpackDecoder => {
                Err(Error::connection(Code::H3_CLOSED_CRITICAL_STREAM, "a critical stream is closed"))
            }
            Uni::Push(_) | Uni::WebTransport(_) | Uni::Unknown(_) => Ok(()),
        }
    }

    /// The peer has opened a bidirectional stream: a request, or at a client one of a WebTransport session, whose header
    /// [`webtransport::StreamHeader`](crate::webtransport::StreamHeader) reads.
    ///
    /// # Errors
    /// H3_STREAM_CREATION_ERROR at a client that did not offer WebTransport.
    pub fn accept_bidi(&mut self, id: StreamId) -> Result<Accept, Error> {
        debug_assert_eq!((id.initiator(), id.direction()), (self.role.peer(), Direction::Bidirectional));
        if self.role == Role::Client {
            if !offers_webtransport(&self.local) {
                return Err(creation("a server opens a bidirectional stream"));
            }
            return Ok(Accept::Read);
        }
        if self.goaway_sent.is_some_and(|goaway| id.value() >= goaway) {
            return Ok(Accept::Refuse(Code::H3_REQUEST_REJECTED));
        }
        self.last_request = self.last_request.max(Some(id));
        Ok(Accept::Read)
    }

    /// Reads a request that was accepted.
    #[must_use]
    pub fn incoming_request(&self) -> Incoming {
        let webtransport = offers_webtransport(&self.local);
        // Until draft 06, the setting of WebTransport implied extended CONNECT.
        let extended = self.local.enable_connect_protocol || webtransport;
        Incoming::request(self.limits.stream, extended, webtransport)
    }

    /// Reads the response to a request with this method.
    #[must_use]
    pub fn incoming_response(&self, method: Method) -> Incoming {
        Incoming::response(self.limits.stream, method, offers_webtransport(&self.local))
    }

    /// Reads the peer's control stream. `None` means that `input` is used up.
    ///
    /// # Errors
    /// Says what the peer did wrong, always for the whole connection.
    pub fn control(&mut self, input: &mut Bytes) -> Result<Option<Control>, Error> {
        let said = self.control.next(input)?;
        match &said {
            Some(Control::Settings(settings)) => {
                if let Some(remembered) = &self.remembered {
                    settings.check_remembered(remembered)?;
                }
                self.peer = Some(settings.clone());
            }
            Some(Control::Unknown) => self.budget.charge("too many frames of unknown types")?,
            Some(Control::Goaway(_) | Control::MaxPushId(_)) => {
                self.budget.charge("too many frames on the control stream")?;
            }
            None => {}
        }
        Ok(said)
    }

    /// Reads the stream of the peer's QPACK encoder.
    ///
    /// # Errors
    /// QPACK_ENCODER_STREAM_ERROR for all that needs a dynamic table.
    pub fn qpack_encoder(&mut self, input: &[u8]) -> Result<(), Error> {
        qpack::streams::encoder_instructions(input)
    }

    /// Reads the stream of the peer's QPACK decoder.
    ///
    /// # Errors
    /// QPACK_DECODER_STREAM_ERROR for all that needs a dynamic table.
    pub fn qpack_decoder(&mut self, input: &[u8]) -> Result<(), Error> {
        self.decoder_instructions.read(input)
    }

    /// A request was answered to its end: the peer gets back some of what it may cost.
    pub fn request_done(&mut self) {
        self.budget.refill();
    }

    /// A request was reset before it was answered, or was malformed: work for nothing.
    ///
    /// # Errors
    /// H3_EXCESSIVE_LOAD if that happens too often.
    pub fn request_reset(&mut self) -> Result<(), Error> {
        self.budget.charge("too many requests are reset")
    }

    /// Writes a GOAWAY that tells the peer to open nothing new, while what is on its way is still taken. It is followed by
    /// [`Connection::goaway`] after about a round trip.
    pub fn goaway_soon(&mut self, out: &mut BytesMut) {
        let id = match self.role {
            Role::Server => StreamId::LAST_REQUEST.value(),
            // Pushes, of which there are none.
            Role::Client => 0,
        };
        self.send_goaway(id, out);
    }

    /// Writes a GOAWAY after which nothing is taken that has not come yet.
    pub fn goaway(&mut self, out: &mut BytesMut) {
        let id = match self.role {
            Role::Server => self.last_request.map_or(0, |id| id.value() + 4),
            Role::Client => 0,
        };
        self.send_goaway(id, out);
    }

    /// The id never grows, and is not said twice.
    fn send_goaway(&mut self, id: u64, out: &mut BytesMut) {
        if self.goaway_sent.is_none_or(|before| id < before) {
            self.goaway_sent = Some(id);
            frame::goaway(id, out);
        }
    }

    /// Whether this end has said that it takes nothing new.
    #[must_use]
    pub fn is_going_away(&self) -> bool {
        self.goaway_sent.is_some()
    }

    /// Whether requests may be sent: not after the server's GOAWAY.
    #[must_use]
    pub fn may_request(&self) -> bool {
        self.control.last_goaway().is_none()
    }

    /// Whether the server has promised not to look at this request, so that it may be sent again on another connection,
    /// whatever its method.
    #[must_use]
    pub fn was_not_taken(&self, id: StreamId) -> bool {
        self.role == Role::Client && self.control.last_goaway().is_some_and(|goaway| id.value() >= goaway)
    }
}

/// Whether these settings offer any dialect of WebTransport.
fn offers_webtransport(settings: &Settings) -> bool {
    let wt = &settings.webtransport;
    wt.draft02_enabled || wt.draft07_max_sessions > 0 || wt.draft13_max_sessions > 0 || wt.draft15_enabled
}

const fn creation(reason: &'static str) -> Error {
    Error::connection(Code::H3_STREAM_CREATION_ERROR, reason)
}
