//! A peer opens streams and sends pieces on them, in any order: the state machines of a connection answer, and never
//! panic. Bytes are a script: who we are, then again and again what happens, on which stream, and with how many bytes.
#![no_main]

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Connection, Error, Role, Settings, StreamId,
    connection::{Accept, Costs, Limits},
    datagram,
    settings::WebTransport,
    stream::{self, Event, Incoming},
    uni::{Header, Uni},
    webtransport::{self, Sessions, StreamHeader},
};
use http::Method;
use libfuzzer_sys::fuzz_target;

/// What peers do say, so that scripts get far: a control stream, further frames on it, heads, content, signals.
const USUAL: [&[u8]; 11] = [
    b"\x00\x04\x03\x06\x50\x00",
    b"\x07\x01\x08",
    b"\x0d\x01\x02",
    b"\x01\x08\0\0\xd1\xd7\xc1\x50\x01a",
    b"\x01\x08\0\0\xd9\x54\x015\xdd\xdd",
    b"\x01\x20\0\0\xcf\x27\x02:protocol\x0cwebtransport\xd7\xc1\x50\x01a",
    b"\x00\x05hello",
    b"\x01\x02\0\0",
    b"\x01\x03\0\0\xd8",
    b"\x40\x41\x08content",
    b"\x40\x54\x08content",
];

enum Stream {
    Header(Header),
    Uni(Uni),
    Message(Box<Incoming>),
    Opened(StreamHeader),
    Content,
}

struct End {
    role: Role,
    connection: Connection,
    sessions: Sessions<StreamId>,
    streams: BTreeMap<StreamId, Stream>,
}

impl End {
    fn new(choice: u8) -> Self {
        let role = if choice & 1 == 0 { Role::Server } else { Role::Client };
        let offered = choice & 2 != 0;
        let settings = Settings {
            enable_connect_protocol: choice & 4 != 0,
            datagrams: offered,
            webtransport: WebTransport {
                draft02_enabled: offered,
                draft15_enabled: offered,
                ..WebTransport::default()
            },
            ..Settings::default()
        };
        let limits = Limits {
            stream: stream::Limits { field_section: 1000, idle_frames: 8, interim_responses: 4 },
            costs: Costs { most: 20, refill: 1 },
        };
        let limits_of_sessions =
            webtransport::Limits { sessions: 3, waiting_streams: 2, waiting_datagrams: 2, gone: 2 };
        Self {
            role,
            connection: Connection::new(role, settings, limits),
            sessions: Sessions::new(limits_of_sessions),
            streams: BTreeMap::new(),
        }
    }

    /// The peer opens the next stream of a kind, or sends on one of the others.
    fn open(&mut self, id: StreamId) -> Result<(), Error> {
        if self.streams.contains_key(&id) {
            return Ok(());
        }
        let stream = match (id.value() & 3, self.role) {
            (2 | 3, _) => Stream::Header(self.connection.uni_header()),
            (0, Role::Client) => Stream::Message(Box::new(self.connection.incoming_response(Method::GET))),
            (0, Role::Server) => match self.connection.accept_bidi(id)? {
                Accept::Read => Stream::Message(Box::new(self.connection.incoming_request())),
                Accept::Refuse(_) => return self.connection.request_reset(),
            },
            (_, Role::Client) => {
                self.connection.accept_bidi(id)?;
                Stream::Opened(StreamHeader::default())
            }
            (_, Role::Server) => return Ok(()),
        };
        self.streams.insert(id, stream);
        Ok(())
    }

    fn read(&mut self, id: StreamId, mut input: Bytes) -> Result<(), Error> {
        while !input.is_empty() {
            let before = input.len();
            let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
            match stream {
                Stream::Header(header) => {
                    let Some(uni) = header.next(&mut input)? else { break };
                    self.connection.accept_uni(uni)?;
                    if let Uni::WebTransport(session) = uni {
                        drop(self.sessions.stream(session, id));
                    }
                    *stream = Stream::Uni(uni);
                    continue;
                }
                Stream::Uni(Uni::Control) => while self.connection.control(&mut input)?.is_some() {},
                Stream::Uni(Uni::QpackEncoder) => self.connection.qpack_encoder(&input.split_off(0))?,
                Stream::Uni(Uni::QpackDecoder) => self.connection.qpack_decoder(&input.split_off(0))?,
                Stream::Uni(_) | Stream::Content => input.clear(),
                Stream::Opened(header) => {
                    let Some(session) = header.next(&mut input)? else { break };
                    drop(self.sessions.stream(session, id));
                    *stream = Stream::Content;
                    continue;
                }
                Stream::Message(incoming) => match incoming.next(&mut input)? {
                    Some(Event::WebTransport(session)) => {
                        drop(self.sessions.stream(session, id));
                        *stream = Stream::Content;
                    }
                    Some(_) => continue,
                    None => break,
                },
            }
            assert!(input.len() < before || input.is_empty(), "every turn takes something");
        }
        Ok(())
    }

    fn end(&mut self, id: StreamId) -> Result<(), Error> {
        match self.streams.get(&id) {
            Some(Stream::Uni(uni)) => self.connection.closed_uni(*uni)?,
            Some(Stream::Message(incoming)) => {
                incoming.end()?;
                self.connection.request_done();
            }
            _ => {}
        }
        // A stream that has ended sends nothing more.
        self.streams.insert(id, Stream::Content);
        Ok(())
    }

    fn step(&mut self, what: u8, id: StreamId, bytes: &[u8]) -> Result<(), Error> {
        let input = Bytes::copy_from_slice(bytes);
        match what % 12 {
            0 => self.end(id)?,
            1 => self.connection.request_reset()?,
            2 => {
                let (stream, payload) = datagram::read(input)?;
                drop(self.sessions.datagram(caddis_h3::SessionId::new(stream.value())?, payload));
            }
            3 => self.connection.goaway(&mut BytesMut::new()),
            4 => {
                if let Ok(session) = caddis_h3::SessionId::new(id.value()) {
                    self.sessions.request(session).ok();
                    self.sessions.accept(session);
                }
            }
            5 => {
                if let Ok(session) = caddis_h3::SessionId::new(id.value()) {
                    self.sessions.remove(session);
                }
            }
            6 => drop(self.sessions.sweep()),
            7 => {
                self.open(id)?;
                let usual = USUAL[usize::from(bytes.first().copied().unwrap_or(0)) % USUAL.len()];
                self.read(id, Bytes::from_static(usual))?;
            }
            _ => {
                self.open(id)?;
                self.read(id, input)?;
            }
        }
        Ok(())
    }
}

fuzz_target!(|script: &[u8]| {
    let [choice, script @ ..] = script else { return };
    let mut end = End::new(*choice);
    let mut rest = script;
    while let [what, id, length, after @ ..] = rest {
        let (bytes, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        match end.step(*what, StreamId::new(u64::from(*id % 32)), bytes) {
            Ok(()) => {}
            // The connection is over with the first error that is its own.
            Err(error) if error.scope == caddis_h3::Scope::Connection => return,
            Err(_) => drop(end.streams.insert(StreamId::new(u64::from(*id % 32)), Stream::Content)),
        }
    }
});
