//! What comes in on one request stream (RFC 9114 section 4.1), at either end: the order of frames, and messages.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, request, response};

use crate::{
    Code, Error, SessionId,
    frame::{self, Kind, Part},
    message::{self, Stop},
    varint,
};

/// What a peer may cost on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest field section, in bytes as RFC 9114 section 4.2.2 counts them.
    pub field_section: u64,
    /// The most frames that bring nothing: unknown ones, and DATA without content. Each frame with content makes up for one.
    pub idle_frames: u32,
    /// The most interim responses before the response.
    pub interim_responses: u32,
}

impl Default for Limits {
    /// Field sections of 1 MiB, 64 frames that bring nothing, 32 interim responses.
    fn default() -> Self {
        Self { field_section: 1 << 20, idle_frames: 64, interim_responses: 32 }
    }
}

/// What came in.
#[derive(Debug)]
pub enum Event {
    /// The head of a request.
    Request(request::Parts),
    /// The head of an interim response (1xx); more follow.
    Interim(response::Parts),
    /// The head of the response.
    Response(response::Parts),
    /// A piece of content, never empty.
    Data(Bytes),
    /// Trailers; only the end follows.
    Trailers(HeaderMap),
    /// A field section is larger than the limit. Nothing more is read: a server may answer with 431, and stops reading; a
    /// client gives the stream up.
    TooLarge,
    /// The stream is one of a WebTransport session. Nothing more is read here: the rest of the input, and all that
    /// follows, is its content.
    WebTransport(SessionId),
}

/// Reads one request stream. Feed it what comes until it returns `None`, then what comes next; call [`Incoming::end`] at
/// the end. A stream that is reset needs no call: it may end anywhere.
#[derive(Debug)]
pub struct Incoming {
    frames: frame::Decoder,
    /// The session id behind the signal of WebTransport.
    session: varint::Partial,
    state: State,
    limits: Limits,
    side: Side,
    /// The length of content that is to come, if the message declares one.
    declared: Option<u64>,
    received: u64,
    idle_frames: u32,
    interim_responses: u32,
}

/// Which messages are expected.
#[derive(Debug)]
enum Side {
    /// Requests. `extended` says whether extended CONNECT was offered.
    Server { extended: bool },
    /// Responses to a request with this method.
    Client { method: Method },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing of a frame was seen: here alone may be the signal of WebTransport.
    Start,
    /// The head is to come.
    Head,
    /// The signal of WebTransport was seen, and the session id is to come.
    Signal,
    /// Content is to come, or trailers.
    Content,
    /// Bytes of a tunnel are to come, and nothing else (section 4.4).
    Tunnel,
    /// The trailers were seen.
    Trailers,
    /// Whatever comes is of no interest.
    Over,
    /// Whatever comes belongs to a WebTransport session.
    HandedOver,
}

impl Incoming {
    /// Reads a request. `extended` says whether this server offered extended CONNECT, `webtransport` whether the stream may
    /// be one of a WebTransport session.
    #[must_use]
    pub fn request(limits: Limits, extended: bool, webtransport: bool) -> Self {
        Self::new(limits, Side::Server { extended }, webtransport)
    }

    /// Reads the response to a request with this method. `webtransport` says whether this client offered WebTransport: its
    /// signal is then an error here and not an unknown frame.
    #[must_use]
    pub fn response(limits: Limits, method: Method, webtransport: bool) -> Self {
        Self::new(limits, Side::Client { method }, webtransport)
    }

    fn new(limits: Limits, side: Side, webtransport: bool) -> Self {
        Self {
            frames: frame::Decoder::new(encoded_limit(limits.field_section), webtransport),
            session: varint::Partial::default(),
            state: State::Start,
            limits,
            side,
            declared: None,
            received: 0,
            idle_frames: 0,
            interim_responses: 0,
        }
    }

    /// Takes the next event from `input`. `None` means that `input` is used up and more is needed.
    ///
    /// # Errors
    /// Says what the peer did wrong. Nothing more is to be read from the stream then.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        loop {
            match self.state {
                State::Over => {
                    input.clear();
                    return Ok(None);
                }
                State::HandedOver => return Ok(None),
                State::Signal => {
                    let Some(id) = self.session.read(input) else { return Ok(None) };
                    self.state = State::HandedOver;
                    return Ok(Some(Event::WebTransport(SessionId::new(id)?)));
                }
                _ => {}
            }
            let Some(part) = self.frames.next(input)? else { return Ok(None) };
            let event = match part {
                Part::Head { kind, length } => self.head(kind, length)?,
                Part::Data(piece) => Some(self.content(piece)?),
                Part::Payload(kind, payload) => self.payload(kind, payload)?,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// A frame begins.
    fn head(&mut self, kind: Kind, length: u64) -> Result<Option<Event>, Error> {
        let start = self.state == State::Start;
        if start {
            self.state = State::Head;
        }
        match kind {
            Kind::Unknown => self.idle()?,
            Kind::Data => {
                if !matches!(self.state, State::Content | State::Tunnel) {
                    return Err(unexpected("DATA is not between a head and trailers"));
                }
                if length == 0 {
                    self.idle()?;
                } else {
                    self.idle_frames = self.idle_frames.saturating_sub(1);
                }
            }
            Kind::Headers => {
                if !matches!(self.state, State::Head | State::Content) {
                    return Err(unexpected("HEADERS follow trailers, or are in a tunnel"));
                }
                if length > encoded_limit(self.limits.field_section) {
                    return Ok(Some(self.too_large()));
                }
            }
            Kind::WebTransport if start && matches!(self.side, Side::Server { .. }) => {
                self.state = State::Signal;
            }
            Kind::WebTransport => {
                return Err(Error::connection(
                    Code::H3_FRAME_ERROR,
                    "the signal of a WebTransport stream is not at its start",
                ));
            }
            Kind::PushPromise if matches!(self.side, Side::Client { .. }) && self.state != State::Tunnel => {
                if length == 0 {
                    return Err(Error::connection(Code::H3_FRAME_ERROR, "PUSH_PROMISE has no push id"));
                }
                return Err(Error::connection(
                    Code::H3_ID_ERROR,
                    "a push is promised that was not permitted",
                ));
            }
            Kind::CancelPush
            | Kind::Settings
            | Kind::PushPromise
            | Kind::Goaway
            | Kind::MaxPushId
            | Kind::Http2 => {
                return Err(unexpected("a frame is not for a request stream"));
            }
        }
        Ok(None)
    }

    fn payload(&mut self, kind: Kind, payload: Bytes) -> Result<Option<Event>, Error> {
        debug_assert_eq!(kind, Kind::Headers, "heads of other frames are refused");
        let result = match (self.state, &self.side) {
            (State::Content, _) => message::trailers(payload, self.limits.field_section).map(Event::Trailers),
            (_, Side::Server { extended }) => message::request(payload, self.limits.field_section, *extended)
                .map(|head| {
                    self.declared = head.content_length;
                    Event::Request(head.parts)
                }),
            (_, Side::Client { .. }) => message::response(payload, self.limits.field_section).map(|head| {
                self.declared = head.content_length;
                Event::Response(head.parts)
            }),
        };
        match result {
            Ok(Event::Trailers(trailers)) => {
                self.state = State::Trailers;
                Ok(Some(Event::Trailers(trailers)))
            }
            Ok(Event::Response(head)) if head.status.is_informational() => self.interim(head).map(Some),
            Ok(event) => {
                self.state = self.after_head(&event);
                Ok(Some(event))
            }
            Err(Stop::TooLarge) => Ok(Some(self.too_large())),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    fn interim(&mut self, head: response::Parts) -> Result<Event, Error> {
        self.declared = None;
        self.interim_responses += 1;
        if self.interim_responses > self.limits.interim_responses {
            return Err(Error::stream(Code::H3_EXCESSIVE_LOAD, "too many interim responses"));
        }
        Ok(Event::Interim(head))
    }

    /// What follows the head, and how much of it.
    fn after_head(&mut self, event: &Event) -> State {
        match (event, &self.side) {
            (Event::Request(head), _) if head.method == Method::CONNECT => State::Tunnel,
            (Event::Response(head), Side::Client { method }) => {
                if *method == Method::CONNECT && head.status.is_success() {
                    // A length says nothing about a tunnel (RFC 9110 section 9.3.6).
                    self.declared = None;
                    return State::Tunnel;
                }
                let none = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
                if none || *method == Method::HEAD {
                    self.declared = Some(0);
                }
                State::Content
            }
            _ => State::Content,
        }
    }

    fn content(&mut self, piece: Bytes) -> Result<Event, Error> {
        self.received += piece.len() as u64;
        if self.declared.is_some_and(|declared| self.received > declared) {
            return Err(Error::message("there is more content than the message declares"));
        }
        Ok(Event::Data(piece))
    }

    fn too_large(&mut self) -> Event {
        self.state = State::Over;
        Event::TooLarge
    }

    fn idle(&mut self) -> Result<(), Error> {
        self.idle_frames += 1;
        if self.idle_frames > self.limits.idle_frames {
            return Err(Error::connection(Code::H3_EXCESSIVE_LOAD, "too many frames that bring nothing"));
        }
        Ok(())
    }

    /// The length of the content as the message declares it, in bytes, once its head came; `None` if it does not. For
    /// responses that never have content it is 0, whatever they declare.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.declared
    }

    /// The stream has ended cleanly, after all input was taken.
    ///
    /// # Errors
    /// H3_FRAME_ERROR if it ended inside of a frame, H3_REQUEST_INCOMPLETE if there was no request, H3_MESSAGE_ERROR if
    /// there was no response, or less content than the message declares.
    pub fn end(&self) -> Result<(), Error> {
        if matches!(self.state, State::Over | State::HandedOver) {
            return Ok(());
        }
        self.frames.end()?;
        match (self.state, &self.side) {
            (State::Start | State::Head | State::Signal, Side::Server { .. }) => {
                Err(Error::stream(Code::H3_REQUEST_INCOMPLETE, "the stream ends before the request"))
            }
            (State::Start | State::Head | State::Signal, Side::Client { .. }) => {
                Err(Error::message("the stream ends before the response"))
            }
            _ if self.declared.is_some_and(|declared| self.received < declared) => {
                Err(Error::message("there is less content than the message declares"))
            }
            _ => Ok(()),
        }
    }
}

/// The longest that a section of permitted size is when a sensible encoder wrote it: each field counts for 32 bytes more
/// than it has, and only strange strings grow in the Huffman code. What is longer is not kept.
const fn encoded_limit(field_section: u64) -> u64 {
    field_section.saturating_mul(2).saturating_add(64)
}

const fn unexpected(reason: &'static str) -> Error {
    Error::connection(Code::H3_FRAME_UNEXPECTED, reason)
}
