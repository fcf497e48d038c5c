//! One session: what comes on the stream of its CONNECT request, its limits, and its end.

use bytes::Bytes;

use super::flow::{Flow, check_streams};
use crate::{
    Dialect, Direction, Error, Settings,
    capsule::{Capsule, Decoder},
};

/// The longest unknown capsule or datagram on the CONNECT stream that is passed on, in bytes.
const LONGEST: u64 = 64 << 10;

/// What the peer says about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The session is over. Its streams are to be reset with WT_SESSION_GONE, and the CONNECT stream to be closed.
    Closed {
        /// The application's code.
        code: u32,
        /// The application's words.
        reason: String,
    },
    /// The session should come to its end.
    Drain,
    /// A datagram that came reliably.
    Datagram(Bytes),
    /// More bytes may be sent.
    MaxData,
    /// More streams may be opened.
    MaxStreams(Direction),
    /// A capsule that an intermediary passes on, and that means nothing to others.
    Unknown(Capsule),
}

/// One session.
#[derive(Debug)]
pub struct Session {
    capsules: Decoder,
    flow: Option<Flow>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Open,
    Draining,
    Closed,
}

impl Session {
    /// A session that was accepted, between ends with these settings.
    #[must_use]
    pub fn new(dialect: Dialect, local: &Settings, peer: &Settings) -> Self {
        let flow = dialect.has_flow_control(local, peer).then(|| Flow::new(local, peer));
        Self { capsules: Decoder::new(LONGEST), flow, state: State::Open }
    }

    /// The limits of the session, if both ends want any.
    pub fn flow(&mut self) -> Option<&mut Flow> {
        self.flow.as_mut()
    }

    /// Reads content of the CONNECT stream. `None` means that `input` is used up.
    ///
    /// # Errors
    /// H3_MESSAGE_ERROR for a malformed capsule, and for anything behind the one that closes the session.
    /// WT_FLOW_CONTROL_ERROR and H3_DATAGRAM_ERROR for limits that cannot be. All of them are for the CONNECT stream, and
    /// end the session.
    pub fn read(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        loop {
            if self.state == State::Closed {
                if input.is_empty() {
                    return Ok(None);
                }
                return Err(Error::message("there is more behind the close of a session"));
            }
            let Some(capsule) = self.capsules.next(input)? else { return Ok(None) };
            let event = self.capsule(capsule)?;
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn capsule(&mut self, capsule: Capsule) -> Result<Option<Event>, Error> {
        Ok(match capsule {
            Capsule::Datagram(payload) => Some(Event::Datagram(payload)),
            Capsule::CloseSession { code, reason } => {
                self.state = State::Closed;
                Some(Event::Closed { code, reason })
            }
            Capsule::DrainSession => self.drain().then_some(Event::Drain),
            Capsule::Prohibited => {
                return Err(Error::message("a capsule that WebTransport over HTTP/3 prohibits"));
            }
            Capsule::Unknown { .. } => Some(Event::Unknown(capsule)),
            Capsule::MaxData(_)
            | Capsule::MaxStreams(..)
            | Capsule::DataBlocked(_)
            | Capsule::StreamsBlocked(..) => self.limit(&capsule)?,
        })
    }

    /// Without flow control these capsules mean nothing: the peer may not have had our settings yet.
    fn limit(&mut self, capsule: &Capsule) -> Result<Option<Event>, Error> {
        let Some(flow) = &mut self.flow else { return Ok(None) };
        Ok(match *capsule {
            Capsule::MaxData(limit) => {
                flow.max_data(limit)?;
                Some(Event::MaxData)
            }
            Capsule::MaxStreams(direction, limit) => {
                flow.max_streams(direction, limit)?;
                Some(Event::MaxStreams(direction))
            }
            Capsule::StreamsBlocked(_, limit) => {
                check_streams(limit)?;
                None
            }
            _ => None,
        })
    }

    /// The CONNECT stream has ended cleanly. Without a capsule before, that is a close with code 0 and no words; `None` if
    /// the close was told already.
    ///
    /// # Errors
    /// H3_MESSAGE_ERROR if it ended inside of a capsule.
    pub fn end(&mut self) -> Result<Option<Event>, Error> {
        if self.is_closed() {
            return Ok(None);
        }
        self.capsules.end()?;
        self.state = State::Closed;
        Ok(Some(Event::Closed { code: 0, reason: String::new() }))
    }

    /// This end asks for the session to come to its end, or was asked, also by GOAWAY. Whether that is news; if so, and the
    /// wish is ours, [`Capsule::DrainSession`] is to be sent.
    pub fn drain(&mut self) -> bool {
        let news = self.state == State::Open;
        self.state = self.state.max(State::Draining);
        news
    }

    /// This end closes the session: [`Capsule::CloseSession`] is to be sent, and then the end of the stream. Whether it was
    /// not closed before.
    pub fn close(&mut self) -> bool {
        std::mem::replace(&mut self.state, State::Closed) != State::Closed
    }

    /// Whether the session is over: no stream may be opened and no datagram be sent.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, settings::WebTransport};

    fn settings(initial_max_data: u64) -> Settings {
        Settings {
            webtransport: WebTransport { initial_max_data, ..WebTransport::default() },
            ..Settings::default()
        }
    }

    fn session(initial_max_data: u64) -> Session {
        Session::new(Dialect::Draft15, &settings(initial_max_data), &settings(initial_max_data))
    }

    fn bytes(capsules: &[Capsule]) -> Bytes {
        let mut out = Vec::new();
        for capsule in capsules {
            capsule.write(&mut out);
        }
        out.into()
    }

    #[test]
    fn a_session_is_drained_and_closed() {
        let mut session = session(0);
        let close = Capsule::CloseSession { code: 7, reason: "bye".into() };
        let unknown = Capsule::Unknown { kind: 0x17, value: Bytes::new() };
        let mut input = bytes(&[Capsule::DrainSession, Capsule::DrainSession, unknown.clone(), close]);
        assert_eq!(session.read(&mut input), Ok(Some(Event::Drain)));
        assert_eq!(session.read(&mut input), Ok(Some(Event::Unknown(unknown))));
        assert_eq!(session.read(&mut input), Ok(Some(Event::Closed { code: 7, reason: "bye".into() })));
        assert_eq!(session.read(&mut input), Ok(None));
        assert_eq!(session.end(), Ok(None));
        assert!(!session.close() && !session.drain() && session.is_closed());
    }

    #[test]
    fn webtransport_6_more_behind_the_close() {
        let mut session = session(0);
        let mut input =
            bytes(&[Capsule::CloseSession { code: 0, reason: String::new() }, Capsule::DrainSession]);
        session.read(&mut input).unwrap();
        assert_eq!(session.read(&mut input).map_err(|error| error.code), Err(Code::H3_MESSAGE_ERROR));
    }

    #[test]
    fn webtransport_6_a_clean_end_is_a_close() {
        let closed = Event::Closed { code: 0, reason: String::new() };
        assert_eq!(session(0).end(), Ok(Some(closed)));
        let mut session = session(0);
        session.read(&mut Bytes::from_static(b"\x00\x05cut")).unwrap();
        assert_eq!(session.end().map_err(|error| error.code), Err(Code::H3_MESSAGE_ERROR));
    }

    #[test]
    fn webtransport_5_1_limits_without_flow_control_are_ignored() {
        let capsules =
            [Capsule::MaxData(1), Capsule::MaxData(0), Capsule::StreamsBlocked(Direction::Bidirectional, 1)];
        let mut without = session(0);
        assert!(without.flow().is_none());
        assert_eq!(without.read(&mut bytes(&capsules)), Ok(None));
        let mut with = session(1);
        let mut input = bytes(&capsules);
        assert_eq!(with.read(&mut input), Ok(Some(Event::MaxData)));
        assert_eq!(with.read(&mut input).map_err(|error| error.code), Err(Code::WT_FLOW_CONTROL_ERROR));
    }

    #[test]
    fn webtransport_5_4_prohibited_capsules() {
        let mut input = Bytes::from_static(b"\x99\x0b\x4d\x3e\x02\x00\x00");
        assert_eq!(session(0).read(&mut input).map_err(|error| error.code), Err(Code::H3_MESSAGE_ERROR));
    }

    #[test]
    fn webtransport_5_6_2_more_streams_than_there_can_be() {
        for make in [Capsule::MaxStreams, Capsule::StreamsBlocked] {
            let mut input = bytes(&[make(Direction::Unidirectional, (1 << 60) + 1)]);
            assert_eq!(session(1).read(&mut input).map_err(|error| error.code), Err(Code::H3_DATAGRAM_ERROR));
        }
    }
}
