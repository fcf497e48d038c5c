//! What responses look like.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, StreamBody};
use hyper::ext::ReasonPhrase;
use tokio::sync::mpsc;

use super::scene::{Client, GET, answered};
use crate::{
    http::{Body, body::BodyError},
    testing::run,
};

/// A body of which nobody knows how long it is, and that may break off.
fn streamed(frames: Vec<Result<Frame<Bytes>, BodyError>>) -> Body {
    let (sender, body) = channel();
    frames.into_iter().for_each(|frame| sender.send(frame).unwrap());
    body
}

fn channel() -> (mpsc::UnboundedSender<Result<Frame<Bytes>, BodyError>>, Body) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let frames = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (sender, Body::boxed(StreamBody::new(frames)))
}

fn data(text: &'static str) -> Result<Frame<Bytes>, BodyError> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn response(status: u16, fields: &[(&'static str, &'static str)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("date", HeaderValue::from_static("now"));
    for (name, value) in fields {
        response.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    response
}

const OLD: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

#[test]
fn a_response_has_a_length_if_that_is_known() {
    run(async {
        let short = answered(GET, || response(200, &[("x-y-z", "v")], Body::from("body"))).await;
        assert_eq!(short, "HTTP/1.1 200 OK\r\nDate: now\r\nX-Y-Z: v\r\nContent-Length: 4\r\n\r\nbody");
        let long = "0123456789abcdef".repeat(1 << 14);
        let text = long.clone();
        let whole = answered(GET, move || response(200, &[], Body::from(text.clone()))).await;
        assert!(
            whole.ends_with(&long) && whole.contains("\r\nContent-Length: 262144\r\n"),
            "to a client that has ended"
        );
        let empty = answered(GET, || response(404, &[], Body::Empty)).await;
        assert_eq!(empty, "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
        let dated = answered(GET, || Response::new(Body::Empty)).await;
        assert!(dated.contains("\r\nDate: ") && dated.contains(" GMT\r\n"), "{dated}");
    });
}

#[test]
fn a_response_without_a_length_comes_in_chunks() {
    run(async {
        let chunked = || response(200, &[], streamed(vec![data("one"), data(""), data("0123456789abcdef")]));
        assert_eq!(
            answered(GET, chunked).await,
            "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
        );
        let announced =
            || response(200, &[("content-length", "6")], streamed(vec![data("one"), data("two")]));
        assert_eq!(
            answered(GET, announced).await,
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 6\r\n\r\nonetwo"
        );
    });
}

/// RFC 9112, section 6.3.
#[test]
fn clients_of_http_1_0_get_no_chunks() {
    run(async {
        let chunked = || response(200, &[], streamed(vec![data("one"), data("two")]));
        assert_eq!(
            answered(OLD, chunked).await,
            "HTTP/1.0 200 OK\r\nDate: now\r\nConnection: close\r\n\r\nonetwo"
        );
    });
}

/// RFC 9112, section 7.1.2: whether they were announced or not.
#[test]
fn trailers_come_behind_chunks() {
    run(async {
        let with_trailers = |fields: &[_]| {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", HeaderValue::from_static("2"));
            trailers.insert("content-length", HeaderValue::from_static("1"));
            response(200, fields, streamed(vec![data("one"), Ok(Frame::trailers(trailers))]))
        };
        for fields in [&[][..], &[("trailer", "X-Sum")]] {
            let all = answered(GET, move || with_trailers(fields)).await;
            assert!(all.ends_with("\r\n\r\n3\r\none\r\n0\r\nX-Sum: 2\r\n\r\n"), "{all}");
        }
        let old = answered(OLD, move || with_trailers(&[])).await;
        assert!(old.ends_with("\r\n\r\none"), "{old}");
    });
}

/// RFC 9110, sections 9.3.2, 15.3.5 and 15.4.5.
#[test]
fn some_responses_have_no_body() {
    run(async {
        const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
        let start = |status: &str| format!("HTTP/1.1 {status}\r\nDate: now\r\n");
        let known = answered(HEAD, || response(200, &[], Body::from("body"))).await;
        assert_eq!(known, start("200 OK") + "Content-Length: 4\r\n\r\n");
        let announced = answered(HEAD, || response(200, &[("content-length", "9")], Body::Empty)).await;
        assert_eq!(announced, start("200 OK") + "Content-Length: 9\r\n\r\n");
        let unknown = answered(HEAD, || response(200, &[], streamed(vec![data("one")]))).await;
        assert_eq!(unknown, start("200 OK") + "\r\n");
        let none = answered(GET, || response(204, &[("content-length", "4")], Body::from("body"))).await;
        assert_eq!(none, start("204 No Content") + "\r\n");
        let same = answered(GET, || response(304, &[("content-length", "4")], Body::from("body"))).await;
        assert_eq!(same, start("304 Not Modified") + "Content-Length: 4\r\n\r\n");
    });
}

/// RFC 9110, section 9.3.6: the client takes what follows for its tunnel.
#[test]
fn nothing_follows_where_connect_succeeds() {
    run(async {
        const CONNECT: &str = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";
        let agreed = answered(CONNECT, || response(200, &[], Body::from("body"))).await;
        assert_eq!(agreed, "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\n");
        let refused = answered(CONNECT, || response(405, &[], Body::from("no"))).await;
        assert_eq!(refused, "HTTP/1.1 405 Method Not Allowed\r\nDate: now\r\nContent-Length: 2\r\n\r\nno");
    });
}

#[test]
fn a_reason_is_kept() {
    run(async {
        let reasoned = || {
            let mut response = response(200, &[], Body::Empty);
            response.extensions_mut().insert(ReasonPhrase::from_static(b"Fine"));
            response
        };
        assert!(answered(GET, reasoned).await.starts_with("HTTP/1.1 200 Fine\r\n"));
    });
}

#[test]
fn handlers_may_close_the_connection_but_not_choose_a_coding() {
    run(async {
        let fields = &[("connection", "close"), ("transfer-encoding", "gzip")];
        let mut client = Client::of(move |_, _| async move { Ok(response(200, fields, Body::from("ok"))) });
        client.send([GET, GET].concat()).await;
        assert_eq!(
            client.rest().await,
            "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
        );
    });
}

#[test]
fn a_body_that_breaks_off_ends_the_connection_without_an_end() {
    run(async {
        for (fields, end) in [(&[][..], "\r\n\r\n3\r\none\r\n"), (&[("content-length", "6")], "\r\n\r\none")]
        {
            let mut client = Client::of(move |_, _| async move {
                Ok(response(200, fields, streamed(vec![data("one"), Err("broken".into())])))
            });
            client.send([GET, GET].concat()).await;
            let all = client.rest().await;
            assert!(all.ends_with(end), "{all}");
        }
    });
}

#[test]
fn a_body_is_as_long_as_was_announced() {
    run(async {
        for (body, end) in [("short", "short"), ("longest", "longes")] {
            let mut client = Client::of(move |_, _| async move {
                Ok(response(200, &[("content-length", "6")], streamed(vec![data(body)])))
            });
            client.send(GET).await;
            client.end().await;
            let all = client.rest().await;
            assert!(all.ends_with(&format!("\r\n\r\n{end}")), "{all}");
        }
    });
}

#[test]
fn what_is_there_is_sent_before_the_rest() {
    run(async {
        let (sender, body) = channel();
        let body = Cell::new(Some(body));
        let mut client = Client::of(move |_, _| {
            let body = body.take().unwrap();
            async move { Ok(response(200, &[], body)) }
        });
        client.send(GET).await;
        assert!(client.head().await.ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n"));
        sender.send(data("one")).unwrap();
        assert_eq!(client.read(8).await, "3\r\none\r\n");
        drop(sender);
        assert_eq!(client.read(5).await, "0\r\n\r\n");
    });
}

/// A body that counts how often it was read.
struct Counted(std::rc::Rc<Cell<usize>>);

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.set(self.0.get() + 1);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1 << 16])))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[test]
fn a_body_waits_for_a_client_that_does_not_read() {
    run(async {
        let count = std::rc::Rc::new(Cell::new(0));
        let counts = std::rc::Rc::clone(&count);
        let mut client = Client::of(move |_: Request<Body>, _| {
            let body = Body::Boxed(Box::pin(Counted(std::rc::Rc::clone(&counts))));
            async move { Ok(Response::new(body)) }
        });
        client.send(GET).await;
        client.head().await;
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let before = count.get();
        assert!(before < 100, "{before} pieces wait");
        client.read(8 << 20).await;
        assert!(count.get() > before);
    });
}

#[test]
fn bodies_pass_whole() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            let body = request.into_body();
            Ok(Response::new(Body::boxed(body.map_frame(|frame| frame))))
        });
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n").await;
        assert!(client.head().await.contains("\r\nTransfer-Encoding: chunked\r\n"));
        assert_eq!(client.read(8).await, "3\r\none\r\n", "ahead of the rest of the request");
        client.send("3\r\ntwo\r\n0\r\nX-Sum: 1\r\n\r\n").await;
        assert_eq!(client.read(8).await, "3\r\ntwo\r\n");
        assert_eq!(client.head().await, "0\r\nX-Sum: 1\r\n\r\n");
    });
}
