//! Frames and messages of one stream are the same however the network cuts them, errors included.
#![no_main]

use bytes::Bytes;
use caddis_h3::{
    Error,
    frame::{Decoder, Part},
    stream::{Event, Incoming, Limits},
};
use http::Method;
use libfuzzer_sys::fuzz_target;

/// Parts of a stream in pieces of `size` bytes, adjacent pieces of content joined.
fn parts(bytes: &[u8], size: usize, webtransport: bool) -> (Vec<Part>, Result<(), Error>) {
    let mut decoder = Decoder::new(64, webtransport);
    let mut parts: Vec<Part> = Vec::new();
    for piece in bytes.chunks(size) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.next(&mut input) {
                Ok(Some(Part::Data(after))) => match parts.last_mut() {
                    Some(Part::Data(before)) => *before = [&before[..], &after].concat().into(),
                    _ => parts.push(Part::Data(after)),
                },
                Ok(Some(part)) => parts.push(part),
                Ok(None) => break,
                Err(error) => return (parts, Err(error)),
            }
        }
        assert!(input.is_empty());
    }
    (parts, decoder.end())
}

/// Events of a stream in words.
fn events(bytes: &[u8], size: usize, mut incoming: Incoming) -> (String, Result<(), Error>) {
    let (mut words, mut content) = (String::new(), 0);
    for piece in bytes.chunks(size) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match incoming.next(&mut input) {
                Ok(Some(Event::Data(piece))) => {
                    assert!(!piece.is_empty());
                    content += piece.len();
                }
                // What follows is not read here.
                Ok(Some(Event::WebTransport(session))) => return (format!("{words} {session:?}"), Ok(())),
                Ok(Some(event)) => words += &format!("{content} {event:?}"),
                Ok(None) => break,
                Err(error) => return (words, Err(error)),
            }
        }
        assert!(input.is_empty());
    }
    (format!("{words} {content}"), incoming.end())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let size = usize::from(choice >> 3) + 1;
    let webtransport = choice & 1 != 0;
    let whole = bytes.len().max(1);
    assert_eq!(parts(bytes, size, webtransport), parts(bytes, whole, webtransport));
    let limits = Limits { field_section: 1000, ..Limits::default() };
    let incoming = || match choice >> 1 & 3 {
        0 => Incoming::request(limits, webtransport, webtransport),
        1 => Incoming::response(limits, Method::GET, webtransport),
        2 => Incoming::response(limits, Method::HEAD, webtransport),
        _ => Incoming::response(limits, Method::CONNECT, webtransport),
    };
    assert_eq!(events(bytes, size, incoming()), events(bytes, whole, incoming()));
});
