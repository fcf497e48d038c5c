//! One end, and what it makes of bytes. Whatever is sent is sent several times, cut into pieces of different sizes: the
//! answer must be the same.

use bytes::Bytes;
use caddis_h3::{
    Code, Connection, Error, Role, Scope, Settings,
    connection::{Accept, Limits},
    control::Control,
    settings::WebTransport,
    stream::{Event, Incoming},
    uni::Uni,
};
use http::Method;

/// Sizes of the pieces that bytes are cut into.
const PIECES: [usize; 4] = [1, 2, 7, usize::MAX];

/// An end with its settings, to which the peer has said nothing yet.
pub(crate) fn end(role: Role) -> Connection {
    let settings = Settings { enable_connect_protocol: true, datagrams: true, ..Settings::default() };
    Connection::new(role, settings, Limits::default())
}

/// The same with WebTransport.
pub(crate) fn end_with_webtransport(role: Role) -> Connection {
    let settings = Settings {
        enable_connect_protocol: true,
        datagrams: true,
        webtransport: WebTransport {
            draft02_enabled: true,
            draft15_enabled: true,
            ..WebTransport::default()
        },
        ..Settings::default()
    };
    Connection::new(role, settings, Limits::default())
}

/// What came out of a stream, in few words.
pub(crate) type Seen = Vec<String>;

/// A server gets these bytes on a request stream, and then its end.
pub(crate) fn request(bytes: &[u8]) -> Result<Seen, Error> {
    in_pieces(bytes, || end(Role::Server).incoming_request())
}

/// A client gets these bytes as the response to a request with this method, and then the end of the stream.
pub(crate) fn response(method: Method, bytes: &[u8]) -> Result<Seen, Error> {
    in_pieces(bytes, || end(Role::Client).incoming_response(method.clone()))
}

/// Reads a stream with each of several ways to cut it.
pub(crate) fn in_pieces(bytes: &[u8], incoming: impl Fn() -> Incoming) -> Result<Seen, Error> {
    let mut results = PIECES.map(|size| read(bytes, size, incoming())).into_iter();
    let first = results.next().unwrap();
    for (result, size) in results.zip(&PIECES[1..]) {
        assert_eq!(result, first, "pieces of {size}");
    }
    first
}

fn read(bytes: &[u8], size: usize, mut incoming: Incoming) -> Result<Seen, Error> {
    let mut seen: Seen = Vec::new();
    for piece in bytes.chunks(size.min(bytes.len()).max(1)) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(event) = incoming.next(&mut input)? {
            let text = in_few_words(event);
            match seen.last_mut() {
                Some(last) if last.starts_with("data ") && text.starts_with("data ") => {
                    last.push_str(&text[5..]);
                }
                _ => seen.push(text),
            }
        }
    }
    incoming.end()?;
    Ok(seen)
}

fn in_few_words(event: Event) -> String {
    match event {
        Event::Request(head) => format!("{} {} {}", head.method, head.uri, head.headers.len()),
        Event::Interim(head) => format!("interim {}", head.status.as_u16()),
        Event::Response(head) => format!("{} {}", head.status.as_u16(), head.headers.len()),
        Event::Data(content) => format!("data {}", String::from_utf8_lossy(&content)),
        Event::Trailers(trailers) => format!("trailers {}", trailers.len()),
        Event::TooLarge => "too large".to_owned(),
        Event::WebTransport(session) => format!("session {}", session.value()),
    }
}

/// An end gets these bytes on the peer's control stream, behind its type.
pub(crate) fn control(role: Role, bytes: &[u8]) -> Result<Vec<Control>, Error> {
    control_of(|| end(role), bytes)
}

pub(crate) fn control_of(end: impl Fn() -> Connection, bytes: &[u8]) -> Result<Vec<Control>, Error> {
    let mut results = PIECES.map(|size| {
        let mut end = end();
        let mut said = Vec::new();
        for piece in bytes.chunks(size.min(bytes.len()).max(1)) {
            let mut input = Bytes::copy_from_slice(piece);
            while let Some(control) = end.control(&mut input)? {
                said.push(control);
            }
        }
        Ok(said)
    });
    results.sort_by_key(Result::is_ok);
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    results.into_iter().next().unwrap()
}

/// An end sees these unidirectional streams, one after the other.
pub(crate) fn uni(role: Role, streams: &[&[u8]]) -> Result<Vec<(Uni, Accept)>, Error> {
    let mut end = end(role);
    let mut accepted = Vec::new();
    for stream in streams {
        let mut input = Bytes::copy_from_slice(stream);
        if let Some(uni) = end.uni_header().next(&mut input)? {
            accepted.push((uni, end.accept_uni(uni)?));
        }
    }
    Ok(accepted)
}

/// The error ends the connection with this code.
#[track_caller]
pub(crate) fn ends_connection<T: std::fmt::Debug>(result: Result<T, Error>, code: Code) {
    ends(result, code, Scope::Connection);
}

/// The error ends the stream with this code.
#[track_caller]
pub(crate) fn ends_stream<T: std::fmt::Debug>(result: Result<T, Error>, code: Code) {
    ends(result, code, Scope::Stream);
}

#[track_caller]
fn ends<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, scope: Scope) {
    match result {
        Err(error) => assert_eq!((error.code, error.scope), (code, scope), "{}", error.reason),
        Ok(fine) => panic!("nobody complains: {fine:?}"),
    }
}

/// The message is malformed (RFC 9114 section 4.1.2).
#[track_caller]
pub(crate) fn is_malformed<T: std::fmt::Debug>(result: Result<T, Error>) {
    ends_stream(result, Code::H3_MESSAGE_ERROR);
}
