//! Two ends that talk over a network in memory: streams of bytes that arrive in pieces of pseudo-random sizes, and in a
//! pseudo-random order among the streams. A seed makes it all happen again.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    Connection, Error, Role, Settings, StreamId,
    connection::{Accept, Limits},
    frame,
    message::write,
    stream::{Event, Incoming},
    uni::{Header, Uni},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

/// Numbers that look random and are the same each time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// What is on its way on one direction of a stream.
#[derive(Default)]
struct Pipe {
    bytes: BytesMut,
    ended: bool,
}

/// What one end knows of a stream that it reads.
enum Reading {
    Header(Header),
    Uni(Uni),
    Message(Box<Incoming>),
}

/// One end, and what its application saw.
struct End {
    core: Connection,
    reading: BTreeMap<StreamId, Reading>,
    seen: BTreeMap<StreamId, Vec<String>>,
    content: BTreeMap<StreamId, Vec<u8>>,
    /// What this end has sent that has not arrived.
    sent: BTreeMap<StreamId, Pipe>,
}

struct Network {
    random: Random,
    client: End,
    server: End,
}

impl End {
    fn new(role: Role) -> Self {
        let settings = Settings {
            enable_connect_protocol: true,
            max_field_section_size: Some(9999),
            ..Settings::default()
        };
        let core = Connection::new(role, settings, Limits::default());
        let mut sent = BTreeMap::<StreamId, Pipe>::new();
        let control = StreamId::new(if role == Role::Client { 2 } else { 3 });
        core.open(1, &mut sent.entry(control).or_default().bytes);
        Self { core, reading: BTreeMap::new(), seen: BTreeMap::new(), content: BTreeMap::new(), sent }
    }

    fn send(&mut self, id: StreamId, write: impl FnOnce(&mut BytesMut)) {
        write(&mut self.sent.entry(id).or_default().bytes);
    }

    fn finish(&mut self, id: StreamId) {
        self.sent.entry(id).or_default().ended = true;
    }

    /// A piece arrives on a stream.
    fn arrive(&mut self, id: StreamId, mut input: Bytes, role: Role) -> Result<(), Error> {
        if !self.reading.contains_key(&id) {
            let reading = if !id.is_request() {
                Reading::Header(self.core.uni_header())
            } else if role == Role::Server {
                assert_eq!(self.core.accept_bidi(id)?, Accept::Read);
                Reading::Message(Box::new(self.core.incoming_request()))
            } else {
                Reading::Message(Box::new(self.core.incoming_response(Method::POST)))
            };
            self.reading.insert(id, reading);
        }
        while !input.is_empty() {
            match self.reading.get_mut(&id).unwrap() {
                Reading::Header(header) => {
                    let Some(uni) = header.next(&mut input)? else { return Ok(()) };
                    self.core.accept_uni(uni)?;
                    self.reading.insert(id, Reading::Uni(uni));
                }
                Reading::Uni(Uni::Control) => while self.core.control(&mut input)?.is_some() {},
                Reading::Uni(_) => input.clear(),
                Reading::Message(incoming) => {
                    let Some(event) = incoming.next(&mut input)? else { return Ok(()) };
                    let seen = self.seen.entry(id).or_default();
                    match event {
                        Event::Request(head) => {
                            seen.push(format!("{} {} {:?}", head.method, head.uri, head.headers));
                        }
                        Event::Interim(head) => seen.push(format!("{}", head.status)),
                        Event::Response(head) => seen.push(format!("{} {:?}", head.status, head.headers)),
                        Event::Data(piece) => self.content.entry(id).or_default().extend_from_slice(&piece),
                        Event::Trailers(trailers) => seen.push(format!("{trailers:?}")),
                        Event::TooLarge | Event::WebTransport(_) => panic!("{event:?}"),
                    }
                }
            }
        }
        Ok(())
    }

    fn end_of(&mut self, id: StreamId) -> Result<(), Error> {
        if let Some(Reading::Message(incoming)) = self.reading.get(&id) {
            incoming.end()?;
            self.seen.entry(id).or_default().push("end".into());
        }
        Ok(())
    }
}

impl Network {
    fn new(seed: u64) -> Self {
        Self { random: Random(seed * 2 + 1), client: End::new(Role::Client), server: End::new(Role::Server) }
    }

    /// Delivers everything that was sent.
    fn run(&mut self) -> Result<(), Error> {
        loop {
            let ready: Vec<(Role, StreamId)> = [(Role::Client, &self.client), (Role::Server, &self.server)]
                .into_iter()
                .flat_map(|(role, end)| end.sent.keys().map(move |id| (role, *id)))
                .collect();
            if ready.is_empty() {
                return Ok(());
            }
            let (from, id) = ready[self.random.below(ready.len())];
            let (sender, receiver) = match from {
                Role::Client => (&mut self.client, &mut self.server),
                Role::Server => (&mut self.server, &mut self.client),
            };
            let pipe = sender.sent.get_mut(&id).unwrap();
            let length = (1 + self.random.below(40)).min(pipe.bytes.len());
            let piece = pipe.bytes.split_to(length).freeze();
            let (empty, ended) = (pipe.bytes.is_empty(), pipe.ended);
            if empty {
                sender.sent.remove(&id);
            }
            receiver.arrive(id, piece, from.peer())?;
            if empty && ended {
                receiver.end_of(id)?;
            }
        }
    }
}

/// A head with names and values of all kinds: in the static table, in half of it, and of our own.
fn fields(number: usize) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("*/*"));
    headers.insert("user-agent", HeaderValue::from_str(&format!("test {number}")).unwrap());
    headers.insert("x-long", HeaderValue::from_str(&"~{}".repeat(number * 20)).unwrap());
    headers.append("x-many", HeaderValue::from_static("1"));
    headers.append("x-many", HeaderValue::from_static("2"));
    let mut secret = HeaderValue::from_static("secret");
    secret.set_sensitive(true);
    headers.insert("authorization", secret);
    headers
}

#[test]
fn messages_arrive_whole_however_the_network_cuts_them() {
    for seed in 0..50 {
        let mut network = Network::new(seed);
        let ids: Vec<StreamId> = (0..8).map(|number| StreamId::new(number * 4)).collect();
        for (number, &id) in ids.iter().enumerate() {
            let uri: Uri = format!("https://example.com/{number}?q").parse().unwrap();
            let content = vec![number as u8; number * 100];
            network.client.send(id, |out| {
                write::request(&Method::POST, &uri, &fields(number), None, out);
                for piece in content.chunks(64) {
                    frame::data(piece.len() as u64, out);
                    out.extend_from_slice(piece);
                }
                write::trailers(&fields(1), out);
            });
            network.client.finish(id);
        }
        network.run().unwrap();
        assert_eq!(network.server.core.peer(), Some(network.client.core.local()));
        for (number, &id) in ids.iter().enumerate() {
            let expected = format!("POST https://example.com/{number}?q {:?}", fields(number));
            assert_eq!(
                network.server.seen[&id],
                [expected, format!("{:?}", fields(1)), "end".into()],
                "seed {seed}"
            );
            assert_eq!(network.server.content.get(&id).map_or(0, Vec::len), number * 100);
            network.server.send(id, |out| {
                write::response(StatusCode::EARLY_HINTS, &HeaderMap::new(), out);
                write::response(StatusCode::OK, &fields(number), out);
                frame::data(5, out);
                out.extend_from_slice(b"hello");
            });
            network.server.finish(id);
        }
        network.run().unwrap();
        for (number, id) in ids.iter().enumerate() {
            let expected = format!("200 OK {:?}", fields(number));
            assert_eq!(network.client.seen[id], ["103 Early Hints".into(), expected, "end".into()]);
            assert_eq!(network.client.content[id], b"hello");
        }
    }
}

#[test]
fn goaway_splits_requests_into_taken_and_not_taken() {
    let mut network = Network::new(7);
    for id in [0, 4] {
        network.client.send(StreamId::new(id), |out| {
            write::request(&Method::POST, &Uri::from_static("https://a/"), &HeaderMap::new(), None, out);
        });
    }
    network.run().unwrap();
    let mut out = BytesMut::new();
    network.server.core.goaway(&mut out);
    network.server.send(StreamId::new(3), |stream| stream.extend_from_slice(&out));
    network.run().unwrap();
    assert!(!network.client.core.may_request() && network.server.core.is_going_away());
    let taken = [0, 4, 8].map(|id| !network.client.core.was_not_taken(StreamId::new(id)));
    assert_eq!(taken, [true, true, false]);
}
