use bytes::BytesMut;
use http::{Method, Request, StatusCode, Uri};

use super::*;
use crate::{Code, qpack::Encoder};

fn section(fields: &[(&str, &str)]) -> Bytes {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for (name, value) in fields {
        encoder.field(name, value.as_bytes(), false);
    }
    out.freeze()
}

fn read(fields: &[(&str, &str)]) -> Result<Received<request::Parts>, Stop> {
    request(section(fields), 10_000, true)
}

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "example.com"), (":path", "/a?b=c")];

#[test]
fn a_request_becomes_parts() {
    let received = read(&[&GET[..], &[("accept", "*/*"), ("x-a", "1"), ("x-a", "2")]].concat()).unwrap();
    let parts = received.parts;
    assert_eq!((parts.method, parts.version), (Method::GET, Version::HTTP_3));
    assert_eq!(parts.uri, "https://example.com/a?b=c");
    assert_eq!(parts.headers["accept"], "*/*");
    assert_eq!(parts.headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(received.content_length, None);
}

#[test]
fn the_shapes_of_connect() {
    let plain = read(&[(":method", "CONNECT"), (":authority", "example.com:443")]).unwrap().parts;
    assert_eq!(plain.uri.authority().unwrap(), "example.com:443");
    assert_eq!((plain.uri.scheme(), plain.uri.path_and_query()), (None, None));
    let extended = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/chat"),
        (":authority", "example.com"),
    ];
    let parts = read(&extended).unwrap().parts;
    assert_eq!(parts.extensions.get::<Protocol>(), Some(&Protocol::from_static("websocket")));
    assert_eq!(parts.extensions.get::<Protocol>(), Protocol::new("websocket").as_ref());
    assert_eq!((Protocol::new(""), Protocol::new("a b")), (None, None));
    assert_eq!(parts.uri, "https://example.com/chat");
    // A server that did not offer it has never heard of :protocol.
    assert_eq!(code(request(section(&extended), 10_000, false)), Code::H3_MESSAGE_ERROR);
}

fn code<T: std::fmt::Debug>(result: Result<T, Stop>) -> Code {
    match result {
        Err(Stop::Error(error)) => {
            assert_eq!(error.scope, crate::Scope::Stream);
            error.code
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn cookies_are_joined_and_lengths_are_read() {
    let fields = [
        ("cookie", "a=b"),
        ("x", " spaces are no part \t"),
        ("cookie", "c=d"),
        ("content-length", "5"),
        ("cookie", "e=f"),
        ("content-length", "5"),
    ];
    let received = read(&[&GET[..], &fields].concat()).unwrap();
    assert_eq!(received.parts.headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=b; c=d; e=f"]);
    let crumbs = read(&[&GET[..], &[("cookie", ""), ("cookie", "")]].concat()).unwrap();
    assert_eq!(crumbs.parts.headers["cookie"], ";");
    assert_eq!(received.parts.headers["x"], "spaces are no part");
    assert_eq!(received.parts.headers.get_all("content-length").iter().count(), 1);
    assert_eq!(received.content_length, Some(5));
}

#[test]
fn host_stands_in_for_authority() {
    let received = read(&[GET[0], GET[1], GET[3], ("host", "example.com:8443")]).unwrap();
    assert_eq!(received.parts.uri, "https://example.com:8443/a?b=c");
    assert_eq!(received.parts.headers["host"], "example.com:8443");
    assert!(read(&[&GET[..], &[("host", "EXAMPLE.com")]].concat()).is_ok());
}

#[test]
fn the_asterisk_and_other_schemes() {
    let fields = [(":method", "OPTIONS"), GET[1], GET[2], (":path", "*")];
    assert_eq!(read(&fields).unwrap().parts.uri.path(), "*");
    let fields = [GET[0], (":scheme", "coap"), (":path", "/x")];
    assert_eq!(read(&fields).unwrap().parts.uri.path(), "/x");
}

#[test]
fn a_response_becomes_parts() {
    let fields = [(":status", "404"), ("content-length", "3"), ("set-cookie", "a"), ("set-cookie", "b")];
    let received = response(section(&fields), 10_000).unwrap();
    assert_eq!((received.parts.status, received.content_length), (StatusCode::NOT_FOUND, Some(3)));
    assert_eq!(received.parts.headers.get_all("set-cookie").iter().count(), 2);
}

#[test]
fn what_is_written_is_read_again() {
    let head = Request::post("https://example.com/a?b")
        .header("content-length", "3")
        .header("te", "trailers")
        .header("connection", "keep-alive")
        .header("keep-alive", "5")
        .header("transfer-encoding", "chunked")
        .header("upgrade", "h2c")
        .header("authorization", "secret")
        .body(())
        .unwrap();
    let mut out = BytesMut::new();
    let size = write::request(head.method(), head.uri(), head.headers(), None, &mut out);
    let payload = out.freeze().slice(3..);
    let received = request(payload.clone(), size, true).unwrap();
    assert_eq!(received.parts.uri, *head.uri());
    assert_eq!(received.parts.headers.len(), 3);
    assert!(received.parts.headers["authorization"].is_sensitive());
    assert!(!received.parts.headers["te"].is_sensitive());
    assert!(matches!(request(payload, size - 1, true), Err(Stop::TooLarge)));
}

#[test]
fn the_host_field_decides_the_authority_that_is_written() {
    let headers = [(header::HOST, HeaderValue::from_static("other:1"))].into_iter().collect();
    let mut out = BytesMut::new();
    write::request(&Method::GET, &Uri::from_static("https://example.com"), &headers, None, &mut out);
    let parts = request(out.freeze().slice(3..), 10_000, true).unwrap().parts;
    assert_eq!(parts.uri, "https://other:1/");
    assert!(parts.headers.is_empty());
}

#[test]
fn extended_connect_is_written() {
    let mut out = BytesMut::new();
    let protocol = Protocol::from_static("webtransport");
    let uri = Uri::from_static("https://example.com/wt");
    write::request(&Method::CONNECT, &uri, &HeaderMap::new(), Some(&protocol), &mut out);
    let parts = request(out.freeze().slice(3..), 10_000, true).unwrap().parts;
    assert_eq!(parts.extensions.get::<Protocol>(), Some(&protocol));
    assert_eq!(parts.uri, uri);
}

#[test]
fn trailers_and_responses_are_written() {
    let headers: HeaderMap = [
        (header::ETAG, HeaderValue::from_static("x")),
        (header::CONNECTION, HeaderValue::from_static("close")),
    ]
    .into_iter()
    .collect();
    let mut out = BytesMut::new();
    write::trailers(&headers, &mut out);
    assert_eq!(trailers(out.split().freeze().slice(3..), 1000).unwrap().len(), 1);
    write::response(StatusCode::OK, &headers, &mut out);
    let received = response(out.freeze().slice(3..), 1000).unwrap();
    assert_eq!((received.parts.status, received.parts.headers.len()), (StatusCode::OK, 1));
}

#[test]
fn more_fields_than_a_map_can_hold() {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for (name, value) in GET {
        encoder.field(name, value.as_bytes(), false);
    }
    for number in 0..40_000 {
        encoder.field(&format!("x{number}"), b"", false);
    }
    let result = request(out.freeze(), u64::MAX, true).map(|_| "a head");
    assert_eq!(code(result), Code::H3_EXCESSIVE_LOAD);
}
