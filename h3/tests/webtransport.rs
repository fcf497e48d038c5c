//! Sessions of WebTransport between two ends: what a client sends in one flight arrives in every order.
//!
//! Rules of draft-ietf-webtrans-http3-15 that a peer can break, and where that is tested (`src/` beside the code):
//!
//! | section | tests |
//! |---|---|
//! | 3.1 settings | `rfc9297`: `webtransport_draft02_3_1_value_of_the_setting`; `src/settings/dialect.rs` |
//! | 3.2 heads (RFC 9297 section 3.2) | `src/webtransport/negotiate.rs`: `rfc9297_3_2_heads_that_speak_of_content` |
//! | 3.3 application protocols | `src/webtransport/negotiate.rs`: `webtransport_3_3_a_choice_that_was_not_offered` |
//! | 4 session ids | `webtransport_4_session_ids_that_cannot_be` |
//! | 4.3 the signal elsewhere | `rfc9114`: `webtransport_signal_elsewhere` |
//! | 4.4 error codes | `src/webtransport/codes.rs` |
//! | 4.6 what comes early or late | `a_session_begins_whatever_arrives_first`; `src/webtransport/sessions.rs` |
//! | 5.1, 5.2 several sessions | `src/webtransport/session.rs`: `webtransport_5_1_limits_without_flow_control_are_ignored`; `src/webtransport/sessions.rs`: `too_many_sessions` |
//! | 5.4 prohibited capsules | `src/webtransport/session.rs`: `webtransport_5_4_prohibited_capsules` |
//! | 5.6 limits | `src/webtransport/flow.rs`; `src/webtransport/session.rs`: `webtransport_5_6_2_more_streams_than_there_can_be` |
//! | 6 the end of a session | `src/webtransport/session.rs`: `webtransport_6_more_behind_the_close`, `webtransport_6_a_clean_end_is_a_close`; `src/capsule/tests.rs` |

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Code, Connection, Dialect, Error, Role, SessionId, Settings, StreamId,
    capsule::Capsule,
    connection::{Accept, Limits},
    datagram, frame,
    message::write,
    settings::WebTransport,
    stream::{Event, Incoming},
    uni::{self, Header, Uni},
    webtransport::{self, Route, Session, Sessions, negotiate},
};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::{bytes_of::integer, peer::ends_connection};

/// The settings of an end that speaks all dialects and wants limits for sessions.
fn settings() -> Settings {
    Settings {
        enable_connect_protocol: true,
        datagrams: true,
        datagrams_draft04: true,
        webtransport: WebTransport {
            draft02_enabled: true,
            draft04_max_sessions: 10,
            draft07_max_sessions: 10,
            draft13_max_sessions: 10,
            draft15_enabled: true,
            initial_max_data: 1000,
            initial_max_streams_uni: 1,
            initial_max_streams_bidi: 1,
        },
        ..Settings::default()
    }
}

const CONTROL: StreamId = StreamId::new(2);
const CONNECT: StreamId = StreamId::new(0);
const BIDI: StreamId = StreamId::new(4);
const UNI: StreamId = StreamId::new(6);

/// What a client sends at once: settings, the request, a stream of each kind with content.
fn flight(client: &Connection) -> [(StreamId, Bytes); 4] {
    let session = SessionId::new(0).unwrap();
    let [mut control, mut connect, mut bidi, mut uni] = std::array::from_fn(|_| BytesMut::new());
    client.open(3, &mut control);
    let protocol = Dialect::Draft15.protocol();
    let uri = Uri::from_static("https://example.com/wt");
    write::request(&Method::CONNECT, &uri, &HeaderMap::new(), Some(&protocol), &mut connect);
    let mut capsules = Vec::new();
    Capsule::DrainSession.write(&mut capsules);
    Capsule::CloseSession { code: 7, reason: "bye".into() }.write(&mut capsules);
    frame::data(capsules.len() as u64, &mut connect);
    connect.extend_from_slice(&capsules);
    webtransport::write_header(session, &mut bidi);
    bidi.extend_from_slice(b"both ways");
    uni::write_webtransport(session, &mut uni);
    uni.extend_from_slice(b"one way");
    [(CONTROL, control.freeze()), (CONNECT, connect.freeze()), (BIDI, bidi.freeze()), (UNI, uni.freeze())]
}

/// A server that answers the one request as soon as it knows the dialect.
struct Server {
    core: Connection,
    sessions: Sessions<StreamId>,
    session: Option<Session>,
    control: Option<Header>,
    uni: Header,
    connect: Incoming,
    bidi: Incoming,
    requested: bool,
    on_connect: BytesMut,
    delivered: Vec<StreamId>,
    datagrams: Vec<Bytes>,
    content: [Vec<u8>; 2],
    events: Vec<webtransport::Event>,
}

impl Server {
    fn new() -> Self {
        let mut core = Connection::new(Role::Server, settings(), Limits::default());
        for id in [CONNECT, BIDI] {
            assert_eq!(core.accept_bidi(id), Ok(Accept::Read));
        }
        Self {
            sessions: Sessions::new(webtransport::Limits::default()),
            session: None,
            control: Some(core.uni_header()),
            uni: core.uni_header(),
            connect: core.incoming_request(),
            bidi: core.incoming_request(),
            core,
            requested: false,
            on_connect: BytesMut::new(),
            delivered: Vec::new(),
            datagrams: Vec::new(),
            content: [const { Vec::new() }; 2],
            events: Vec::new(),
        }
    }

    fn arrive(&mut self, id: StreamId, mut input: Bytes) -> Result<(), Error> {
        if id == CONTROL {
            if let Some(header) = &mut self.control {
                let Some(uni) = header.next(&mut input)? else { return Ok(()) };
                assert_eq!((uni, self.core.accept_uni(uni)), (Uni::Control, Ok(Accept::Read)));
                self.control = None;
            }
            while self.core.control(&mut input)?.is_some() {}
        } else if id == CONNECT {
            while let Some(event) = self.connect.next(&mut input)? {
                match event {
                    Event::Request(head) => {
                        negotiate::check_request(&head)?;
                        self.sessions.request(SessionId::new(id.value())?)?;
                        self.requested = true;
                    }
                    Event::Data(piece) => self.on_connect.extend_from_slice(&piece),
                    other => panic!("{other:?}"),
                }
            }
        } else if id == BIDI && self.content[0].is_empty() {
            match self.bidi.next(&mut input)? {
                Some(Event::WebTransport(session)) => self.route(session, id, input, 0),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        } else if id == UNI && self.content[1].is_empty() {
            match self.uni.next(&mut input)? {
                Some(Uni::WebTransport(session)) => self.route(session, id, input, 1),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        } else {
            self.content[usize::from(id == UNI)].extend_from_slice(&input);
        }
        self.accept()
    }

    fn route(&mut self, session: SessionId, id: StreamId, rest: Bytes, place: usize) {
        // A mark: the header was read.
        self.content[place] = [b">", &rest[..]].concat();
        match self.sessions.stream(session, id) {
            Route::Deliver(id) => self.deliver(id),
            Route::Waits => {}
            Route::Refuse(id, code) => panic!("{id:?} {code}"),
        }
    }

    fn deliver(&mut self, id: StreamId) {
        let flow = self.session.as_mut().and_then(Session::flow).unwrap();
        flow.peer_opened(id.direction()).unwrap();
        self.delivered.push(id);
    }

    /// The session is accepted when the request and the settings are there; then its stream is read.
    fn accept(&mut self) -> Result<(), Error> {
        if let (None, true, Some(peer)) = (&self.session, self.requested, self.core.peer()) {
            let dialect = self.core.webtransport().unwrap();
            assert_eq!(dialect, Dialect::Draft15);
            self.session = Some(Session::new(dialect, self.core.local(), peer));
            let (streams, datagrams) = self.sessions.accept(SessionId::new(CONNECT.value())?);
            streams.into_iter().for_each(|id| self.deliver(id));
            self.datagrams.extend(datagrams);
        }
        if let Some(session) = &mut self.session {
            let mut input = self.on_connect.split().freeze();
            while let Some(event) = session.read(&mut input)? {
                self.events.push(event);
            }
        }
        Ok(())
    }
}

/// All orders of four things.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for number in 0..256 {
        let order = [number & 3, number >> 2 & 3, number >> 4 & 3, number >> 6 & 3];
        if (0..4).all(|thing| order.contains(&thing)) {
            orders.push(order);
        }
    }
    orders
}

#[test]
fn a_session_begins_whatever_arrives_first() {
    let client = Connection::new(Role::Client, settings(), Limits::default());
    for order in orders() {
        for size in [1, 3, 1000] {
            let mut server = Server::new();
            let mut head = Vec::new();
            datagram::write(CONNECT, &mut head);
            let (stream, payload) = datagram::read([&head[..], b"early"].concat().into()).unwrap();
            assert_eq!(server.sessions.datagram(SessionId::new(stream.value()).unwrap(), payload), None);
            let flight = flight(&client);
            for (id, bytes) in order.map(|at| &flight[at]) {
                for piece in bytes.chunks(size) {
                    server.arrive(*id, Bytes::copy_from_slice(piece)).unwrap();
                }
            }
            assert_eq!(server.datagrams, ["early"]);
            server.delivered.sort();
            assert_eq!(server.delivered, [BIDI, UNI], "{order:?}, pieces of {size}");
            assert_eq!(
                server.content.map(|content| String::from_utf8(content).unwrap()),
                [">both ways", ">one way"]
            );
            let closed = webtransport::Event::Closed { code: 7, reason: "bye".into() };
            assert_eq!(server.events, [webtransport::Event::Drain, closed]);
        }
    }
}

#[test]
fn the_answer_tells_the_client_the_same_dialect() {
    let mut client = Connection::new(Role::Client, settings(), Limits::default());
    let server = Connection::new(Role::Server, settings(), Limits::default());
    let mut out = BytesMut::new();
    server.open(1, &mut out);
    let mut input = out.split().freeze();
    assert_eq!(client.uni_header().next(&mut input), Ok(Some(Uni::Control)));
    assert_eq!(client.webtransport(), None);
    client.control(&mut input).unwrap();
    assert_eq!(client.webtransport(), Some(Dialect::Draft15));
    write::response(StatusCode::OK, &HeaderMap::new(), &mut out);
    frame::data(3, &mut out);
    out.extend_from_slice(b"\x17\x01x");
    let mut input = out.freeze();
    let mut incoming = client.incoming_response(Method::CONNECT);
    let Ok(Some(Event::Response(head))) = incoming.next(&mut input) else { panic!() };
    assert!(negotiate::check_response(&head).is_ok());
    let Ok(Some(Event::Data(content))) = incoming.next(&mut input) else { panic!() };
    assert_eq!(content, b"\x17\x01x"[..]);
}

#[test]
fn webtransport_4_session_ids_that_cannot_be() {
    let end = Connection::new(Role::Server, settings(), Limits::default());
    for id in [1, 2, 3, 5] {
        let stream = |kind| Bytes::from([integer(kind), integer(id)].concat());
        ends_connection(end.uni_header().next(&mut stream(0x54)), Code::H3_ID_ERROR);
        let mut incoming = end.incoming_request();
        let mut input = stream(0x41);
        ends_connection(incoming.next(&mut input).map(|event| event.is_some()), Code::H3_ID_ERROR);
        let mut header = webtransport::StreamHeader::default();
        ends_connection(header.next(&mut stream(0x41)), Code::H3_ID_ERROR);
    }
}
