use std::{collections::VecDeque, io::Read, task::Poll};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use serde_json::{Value, json};

use super::*;
use crate::{
    http::body::BodyError,
    testing::{answer, exchange, folder, refused, routes, run},
};

fn encoded(encode: Value, response: Value, headers: &[(&'static str, &str)]) -> Response<Bytes> {
    let (mut encode, mut response) = (encode, response);
    encode["handler"] = json!("encode");
    response["handler"] = json!("static_response");
    answer(&routes(json!([{"handle": [encode, response]}])), &mut exchange("/", headers)).unwrap()
}

fn field<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_the_client_takes() {
    let text = "hello ".repeat(1000);
    let both = json!({"encodings": {"gzip": {}, "zstd": {}}});
    for (encode, accept, name) in [
        (&both, "gzip, zstd", "zstd"),
        (&both, "gzip;q=1, zstd;q=0.5", "gzip"),
        (&json!({"encodings": {"gzip": {}, "zstd": {}}, "prefer": ["gzip"]}), "zstd, gzip", "gzip"),
        (&json!({"encodings": {"gzip": {"level": 9}}}), "zstd, gzip", "gzip"),
        (&json!({"encodings": {"zstd": {"level": "best", "checksum": false}}}), "zstd", "zstd"),
        (&both, "br", ""),
        (&both, "", ""),
    ] {
        let response = encoded(encode.clone(), json!({"body": text}), &[("accept-encoding", accept)]);
        assert_eq!(field(&response, "content-encoding"), name, "{encode} {accept}");
        let body = match name {
            "gzip" => gunzip(response.body()),
            "zstd" => String::from_utf8(zstd::decode_all(&response.body()[..]).unwrap()).unwrap(),
            _ => String::from_utf8(response.body().to_vec()).unwrap(),
        };
        assert!(body == text, "{encode} {accept}");
        assert_eq!(field(&response, "vary"), if name.is_empty() { "" } else { "Accept-Encoding" });
    }
}

#[test]
fn what_is_left_alone() {
    let text = "x".repeat(513);
    let encode = json!({"encodings": {"gzip": {}}});
    let with = |name: &str, value: &str| json!({"body": text, "headers": {name: [value]}});
    for (response, compressed) in [
        (json!({"body": text}), true),
        (json!({"body": "x".repeat(512)}), false),
        (with("Content-Type", "image/png"), false),
        (with("Content-Type", "image/svg+xml"), true),
        (with("Content-Encoding", "br"), false),
        (with("Cache-Control", "public, no-transform"), false),
        (json!({"body": text, "status_code": 206}), false),
        (json!({"body": text, "status_code": 500}), true),
        (json!({"body": "x", "headers": {"Content-Type": ["text/event-stream"]}}), true),
    ] {
        let answered = encoded(encode.clone(), response.clone(), &[("accept-encoding", "gzip")]);
        assert_eq!(field(&answered, "content-encoding") == "gzip", compressed, "{response}");
    }
    let refused = [("accept-encoding", "gzip"), ("cache-control", "no-transform")];
    assert_eq!(field(&encoded(encode.clone(), json!({"body": text}), &refused), "content-encoding"), "");
    let own = json!({"encodings": {"gzip": {}}, "match": {"status_code": [404]}, "minimum_length": 1});
    for (status, name) in [(200, ""), (404, "gzip")] {
        let response = json!({"status_code": status, "body": "abc"});
        let response = encoded(own.clone(), response, &[("accept-encoding", "gzip")]);
        assert_eq!(field(&response, "content-encoding"), name);
    }
}

#[test]
fn a_type_that_nobody_names_is_found_by_the_first_bytes() {
    let encode = json!({"handler": "encode", "encodings": {"gzip": {}}});
    let html = "<p>".to_owned() + &"x".repeat(600);
    let accept = [("accept-encoding", "gzip")];
    let cases = [
        (html.as_str(), json!({}), accept, "text/html; charset=utf-8", "gzip"),
        ("GIF89a", json!({}), accept, "", ""),
        (html.as_str(), json!({"Content-Encoding": ["br"]}), accept, "", "br"),
        (html.as_str(), json!({"Content-Type": ["image/png"]}), accept, "image/png", ""),
        (html.as_str(), json!({}), [("accept-encoding", "br")], "", ""),
    ];
    for (body, headers, accept, kind, encoding) in cases {
        let file = folder(&[("untyped", body)]);
        let files = json!({"handler": "file_server", "root": file.path()});
        let set = json!({"handler": "headers", "response": {"set": headers}});
        let routes = routes(json!([{"handle": [encode, set, files]}]));
        let response = answer(&routes, &mut exchange("/untyped", &accept)).unwrap();
        assert_eq!(
            (field(&response, "content-type"), field(&response, "content-encoding")),
            (kind, encoding),
            "{headers}"
        );
        if encoding == "gzip" {
            assert_eq!(gunzip(response.body()), body);
        }
    }
}

#[test]
fn tags_differ_from_those_of_the_plain_answer() {
    let encode = json!({"encodings": {"gzip": {}}});
    for (tag, sent) in [("\"a\"", "\"a-gzip\""), ("W/\"a\"", "W/\"a\"")] {
        let response = json!({"body": "x".repeat(600), "headers": {"Etag": [tag]}});
        let response = encoded(encode.clone(), response, &[("accept-encoding", "gzip")]);
        assert_eq!(field(&response, "etag"), sent);
    }
    let show = json!({"body": "{http.request.header.If-None-Match}"});
    for (tag, seen) in
        [("\"a-gzip\"", "\"a\""), ("W/\"a-gzip\"", "W/\"a-gzip\""), ("\"a-zstd\"", "\"a-zstd\"")]
    {
        let response =
            encoded(encode.clone(), show.clone(), &[("accept-encoding", "gzip"), ("if-none-match", tag)]);
        assert_eq!(&response.body()[..], seen.as_bytes());
    }
}

/// A body that offers its pieces one after another; `None` is a pause.
struct Pieces(VecDeque<Option<&'static str>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Some(piece)) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))),
            Some(None) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

#[test]
fn a_pause_sends_what_there_is() {
    for algorithm in [Algorithm::Gzip { level: 5 }, Algorithm::Zstd { level: 3, checksum: true }] {
        let pieces = VecDeque::from([Some("one "), Some("two "), None, Some("three"), None, None]);
        let mut body = CompressedBody::new(Body::boxed(Pieces(pieces)), algorithm).unwrap();
        let frames = run(async {
            let mut frames = Vec::new();
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                frames.push(frame.unwrap().into_data().unwrap());
            }
            frames
        });
        assert_eq!(frames.len(), 3, "two pauses and the end");
        let mut first = vec![0; 8];
        let read = match algorithm {
            Algorithm::Gzip { .. } => flate2::read::GzDecoder::new(&frames[0][..]).read_exact(&mut first),
            Algorithm::Zstd { .. } => zstd::Decoder::new(&frames[0][..]).unwrap().read_exact(&mut first),
        };
        read.unwrap();
        assert_eq!(first, b"one two ");
    }
}

#[test]
fn mistakes() {
    for (config, path) in [
        (json!({"encodings": {"gzip": {"level": 10}}}), "/0/handle/0/encodings/gzip"),
        (json!({"encodings": {"zstd": {"level": "most"}}}), "/0/handle/0/encodings/zstd"),
        (json!({"encodings": {"gzip": {}}, "prefer": ["zstd"]}), "/0/handle/0/prefer"),
        (json!({"encodings": {"gzip": {}}, "prefer": ["gzip", "gzip"]}), "/0/handle/0/prefer"),
    ] {
        let mut config = config;
        config["handler"] = json!("encode");
        assert_eq!(refused(json!([{"handle": [config]}])).path, path);
    }
}
