//! Exchanges over a pair of sockets.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::mpsc,
};

use super::{
    super::{
        super::dial::Dial,
        pool::{self, Keep, Key},
    },
    *,
};
use crate::http::{Response, body::BodyError};

fn connection() -> (Box<H1>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    (H1::on(Line { leg: Leg::Unix(near), most_head: 1000, place: None, _open: None }), far)
}

/// A place of its own in the pool.
fn home(name: &str) -> (Key, Keep) {
    let dial = Arc::new(Dial::parse(&format!("unix//{name}")).unwrap());
    let key = Key { transport: 0, dial, upgradable: false, purpose: None };
    (key, Keep { idle_timeout: Duration::from_secs(60), per_key: 1 })
}

fn post(body: Body, fields: &[(&'static str, &'static str)]) -> Outgoing<'static> {
    let mut request = http::Request::post("/up?x=y").body(body).unwrap();
    for (name, value) in fields {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    request.into()
}

/// A body that is sent from elsewhere.
fn streamed() -> (mpsc::UnboundedSender<Frame<Bytes>>, Body) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let frames = futures_util::stream::poll_fn(move |cx| {
        receiver.poll_recv(cx).map(|frame| frame.map(Ok::<_, BodyError>))
    });
    (sender, Body::boxed(StreamBody::new(frames)))
}

async fn exchange(mut connection: Box<H1>, home: (Key, Keep)) -> Result<Response, Unanswered> {
    let (interim, mut head) = (Interim::default(), None);
    match poll_fn(|cx| connection.poll_head(&interim, &mut head, cx)).await {
        Err(error) => Err(connection.unanswered(error)),
        Ok(()) => {
            let answer = connection.answered(&mut head.unwrap(), Some(Home::Here(home.0, home.1)))?;
            assert!(answer.switched.is_none(), "nobody asked for that");
            Ok(answer.response)
        }
    }
}

async fn read(far: &mut UnixStream, text: &str) {
    let mut read = vec![0; text.len()];
    far.read_exact(&mut read).await.unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), text);
}

async fn local(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_response_in_one_piece_frees_its_connection_at_once() {
    local(async {
        let (mut connection, mut far) = connection();
        connection.begin(&mut post(Body::from("short"), &[("host", "a"), ("x-y-z", "v")]), false);
        far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").await.unwrap();
        let response = exchange(connection, home("whole")).await.ok().unwrap();
        assert!(matches!(response.body(), Body::Full(body) if body == "abc"));
        let mut connection = pool::take(&home("whole").0).unwrap();
        read(&mut far, "POST /up?x=y HTTP/1.1\r\nHost: a\r\nX-Y-Z: v\r\nContent-Length: 5\r\n\r\nshort")
            .await;
        assert!(connection.is_open());
        far.write_all(b"HTTP/1.1 200 Unasked\r\n\r\n").await.unwrap();
        while connection.is_open() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn bytes_beyond_a_response_end_its_connection() {
    local(async {
        let (mut connection, mut far) = connection();
        connection.begin(&mut post(Body::Empty, &[]), false);
        far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd").await.unwrap();
        exchange(connection, home("beyond")).await.ok().unwrap();
        assert!(pool::take(&home("beyond").0).is_none());
    })
    .await;
}

#[tokio::test]
async fn trailers_go_with_chunks() {
    local(async {
        let (mut connection, mut far) = connection();
        let (sender, body) = streamed();
        connection.begin(&mut post(body, &[]), false);
        sender.send(Frame::data(Bytes::from_static(b"0123456789abcdef"))).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("content-length", HeaderValue::from_static("1"));
        trailers.insert("x-sum", HeaderValue::from_static("2"));
        sender.send(Frame::trailers(trailers)).unwrap();
        far.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-B: c\r\n\r\n")
            .await
            .unwrap();
        let response = exchange(connection, home("trailers")).await.ok().unwrap();
        let answer = response.into_body().collect().await.unwrap();
        assert_eq!(answer.trailers().unwrap()["x-b"], "c");
        assert_eq!(answer.to_bytes(), "a");
        read(
            &mut far,
            "POST /up?x=y HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n0\r\nX-Sum: 2\r\n\r\n",
        )
        .await;
        assert!(pool::take(&home("trailers").0).is_some());
    })
    .await;
}

#[tokio::test]
async fn a_request_goes_on_while_nobody_reads_the_response() {
    local(async {
        let (mut connection, mut far) = connection();
        let (sender, body) = streamed();
        connection.begin(&mut post(body, &[]), false);
        far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").await.unwrap();
        let response = exchange(connection, home("duplex")).await.ok().unwrap();
        read(&mut far, "POST /up?x=y HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        sender.send(Frame::data(Bytes::from_static(b"later"))).unwrap();
        read(&mut far, "5\r\nlater\r\n").await;
        drop(sender);
        read(&mut far, "0\r\n\r\n").await;
        far.write_all(b"cd").await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "abcd");
        assert!(pool::take(&home("duplex").0).is_some());
    })
    .await;
}

#[tokio::test]
async fn a_response_before_the_end_of_the_request_ends_the_connection() {
    local(async {
        let (mut connection, mut far) = connection();
        let (sender, body) = streamed();
        connection.begin(&mut post(body, &[]), false);
        far.write_all(b"HTTP/1.1 413 Large\r\nContent-Length: 9\r\n\r\nno").await.unwrap();
        let response = exchange(connection, home("early")).await.ok().unwrap();
        let reading = tokio::task::spawn_local(response.into_body().collect());
        far.write_all(b" thanks").await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().to_bytes(), "no thanks");
        sender.closed().await;
        assert!(pool::take(&home("early").0).is_none());
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_body_has_the_length_that_was_announced() {
    local(async {
        for (data, length) in [("short", "6"), ("longer", "5")] {
            let (mut connection, _far) = connection();
            let (sender, body) = streamed();
            connection.begin(&mut post(body, &[("content-length", length)]), false);
            sender.send(Frame::data(Bytes::from_static(data.as_bytes()))).unwrap();
            drop(sender);
            let Err(failed) = exchange(connection, home("length")).await else { panic!("{data}") };
            assert!(matches!(failed.error, Broken::Length), "{data}");
            assert_eq!(failed.error.kind(), Kind::ClientGone);
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_closed_connection_did_not_take_is_given_back() {
    local(async {
        let (mut connection, far) = connection();
        drop(far);
        let (_sender, body) = streamed();
        connection.begin(&mut post(body, &[]), false);
        let Err(failed) = exchange(connection, home("closed")).await else { panic!("nobody is there") };
        assert!(failed.silent && failed.unsent.is_some() && failed.error.is_end());
    })
    .await;
}

#[tokio::test]
async fn the_last_request_of_a_connection_says_so() {
    let (mut connection, mut far) = connection();
    connection.begin(&mut post(Body::Empty, &[("x-a", "b"), ("host", "h")]), true);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(connection.poll_head(&Interim::default(), &mut None, &mut cx).is_pending());
    read(&mut far, "POST /up?x=y HTTP/1.1\r\nHost: h\r\nX-A: b\r\nConnection: close\r\n\r\n").await;
}
