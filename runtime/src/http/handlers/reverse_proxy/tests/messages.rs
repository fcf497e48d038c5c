//! What comes after a body, and bodies in both directions at once: trailers and gRPC.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::{
    body::Incoming, client::conn::http2 as client, server::conn::http2 as server, service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::scene::{Local, Proxy, Upstream, on_a_shard};
use crate::http::Body;

#[test]
fn r16_trailers_pass_both_ways_in_chunked_bodies() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client = proxy
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                 2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n",
            )
            .await;
        let mut wire = upstream.accept().await;
        let head = wire.head().await;
        assert_eq!(
            (head.get("te").unwrap(), head.get("trailer").unwrap()),
            ("trailers".into(), "X-Sum".into())
        );
        assert_eq!(wire.read(7 + 3).await, "2\r\nhi\r\n0\r\n");
        assert_eq!(wire.read(12).await.to_ascii_lowercase(), "x-sum: 7\r\n\r\n");
        wire.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nho\r\n0\r\nX-Sum: 8\r\n\r\n",
        )
        .await;
        assert_eq!(client.head().await.get("trailer").unwrap(), "X-Sum");
        assert_eq!(client.read(10).await, "2\r\nho\r\n0\r\n");
        assert_eq!(client.read(12).await.to_ascii_lowercase(), "x-sum: 8\r\n\r\n");
    });
}

#[test]
fn r16_responses_lose_what_is_about_one_connection() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["headers"] =
            json!({"response": {"set": {"X-Down": ["1"]}, "require": {"headers": {"X-Own": ["yes"]}}}});
        let (_proxy, mut client, mut wire) = upstream.asked(config).await;
        wire.head().await;
        wire.send(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n\
             Proxy-Authenticate: Basic\r\nAlt-Svc: h3\r\nUpgrade: h2c\r\nServer: theirs\r\nVia: 1.1 x\r\nX-Own: yes\r\n\
             Content-Length: 0\r\n\r\n",
        )
        .await;
        let head = client.head().await;
        for gone in ["connection", "keep-alive", "x-hop", "proxy-authenticate", "alt-svc", "upgrade"] {
            assert_eq!(head.get(gone), None, "{gone}");
        }
        for (name, value) in
            [("server", "theirs"), ("via", "1.1 x | 1.1 Caddis"), ("x-own", "yes"), ("x-down", "1")]
        {
            assert_eq!(head.get(name).as_deref(), Some(value), "{name}");
        }
    });
}

/// A body that is sent piece by piece.
struct Frames(mpsc::UnboundedReceiver<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

fn frames() -> (mpsc::UnboundedSender<Frame<Bytes>>, Frames) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Frames(receiver))
}

/// A client of HTTP/2.
async fn connect(proxy: &Proxy) -> client::SendRequest<Frames> {
    let socket = TokioIo::new(proxy.connect().await.0);
    let (sender, connection) = client::handshake(Local, socket).await.unwrap();
    tokio::task::spawn_local(connection);
    sender
}

fn call() -> (Request<Frames>, mpsc::UnboundedSender<Frame<Bytes>>) {
    let (sender, body) = frames();
    let request = Request::post("http://example.com/service/Method")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    (request.body(body).unwrap(), sender)
}

/// What an upstream has got, and what it answers with.
type Calls = mpsc::UnboundedReceiver<(Request<Incoming>, mpsc::UnboundedSender<Response<Body>>)>;

fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) -> Calls {
    let (calls, receiver) = mpsc::unbounded_channel();
    let service = service_fn(move |request: Request<Incoming>| {
        let (answer, mut answers) = mpsc::unbounded_channel();
        calls.send((request, answer)).unwrap();
        async move { Ok::<_, Infallible>(answers.recv().await.unwrap()) }
    });
    tokio::task::spawn_local(async move {
        drop(server::Builder::new(Local).serve_connection(TokioIo::new(stream), service).await);
    });
    receiver
}

fn field(name: &'static str, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
}

async fn data(body: &mut Incoming) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

async fn trailers(body: &mut Incoming) -> HeaderMap {
    body.frame().await.unwrap().unwrap().into_trailers().unwrap()
}

/// A proxy to an upstream of HTTP/2 without TLS.
async fn grpc(upstream: &Upstream) -> Proxy {
    let mut config = upstream.proxy();
    config["transport"] = json!({"protocol": "http", "versions": ["h2c"]});
    Proxy::new(config).await
}

#[test]
fn grpc_calls_end_with_trailers() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = grpc(&upstream).await;
        let mut client = connect(&proxy).await;
        let (request, sending) = call();
        sending.send(Frame::data(Bytes::from_static(b"question"))).unwrap();
        sending.send(Frame::trailers(field("x-sum", "7"))).unwrap();
        drop(sending);
        let answer = tokio::task::spawn_local(client.send_request(request));
        let mut calls = serve(upstream.accept().await.0);
        let (mut request, answers) = calls.recv().await.unwrap();
        assert_eq!(request.headers()["te"], "trailers");
        assert_eq!(data(request.body_mut()).await, "question");
        assert_eq!(trailers(request.body_mut()).await["x-sum"], "7");
        let (replying, reply) = frames();
        answers.send(Response::new(Body::boxed(reply))).unwrap();
        replying.send(Frame::data(Bytes::from_static(b"answer"))).unwrap();
        replying.send(Frame::trailers(field("grpc-status", "0"))).unwrap();
        drop(replying);
        let mut response = answer.await.unwrap().unwrap();
        assert_eq!(data(response.body_mut()).await, "answer");
        assert_eq!(trailers(response.body_mut()).await["grpc-status"], "0", "nothing has announced it");
        assert!(response.body_mut().frame().await.is_none());
    });
}

#[test]
fn grpc_streams_flow_in_both_directions_at_once() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = grpc(&upstream).await;
        let mut client = connect(&proxy).await;
        let (request, sending) = call();
        let answer = tokio::task::spawn_local(client.send_request(request));
        let mut calls = serve(upstream.accept().await.0);
        let (mut request, answers) = calls.recv().await.unwrap();
        let (replying, reply) = frames();
        answers.send(Response::new(Body::boxed(reply))).unwrap();
        let mut response = answer.await.unwrap().unwrap();
        for word in ["one", "two", "three"] {
            sending.send(Frame::data(Bytes::from(word))).unwrap();
            assert_eq!(data(request.body_mut()).await, word, "while the request goes on");
            replying.send(Frame::data(Bytes::from(word))).unwrap();
            assert_eq!(data(response.body_mut()).await, word, "before the request has ended");
        }
        replying.send(Frame::trailers(field("grpc-status", "0"))).unwrap();
        assert_eq!(trailers(response.body_mut()).await["grpc-status"], "0");
        assert!(request.body_mut().frame().now_or_never().is_none(), "the client may go on");
    });
}

#[test]
fn grpc_errors_are_trailers_only() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = grpc(&upstream).await;
        let mut client = connect(&proxy).await;
        let (request, sending) = call();
        drop(sending);
        let answer = tokio::task::spawn_local(client.send_request(request));
        let mut calls = serve(upstream.accept().await.0);
        let (_request, answers) = calls.recv().await.unwrap();
        let mut response = Response::new(Body::Empty);
        *response.headers_mut() = field("grpc-status", "12");
        answers.send(response).unwrap();
        let mut response = answer.await.unwrap().unwrap();
        assert_eq!(response.headers()["grpc-status"], "12");
        assert!(response.body_mut().frame().await.is_none());
    });
}

#[test]
fn a_client_that_cancels_a_call_cancels_it_upstream() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = grpc(&upstream).await;
        let mut client = connect(&proxy).await;
        let (request, _sending) = call();
        let answer = tokio::task::spawn_local(client.send_request(request));
        let mut calls = serve(upstream.accept().await.0);
        let (_request, answers) = calls.recv().await.unwrap();
        answer.abort();
        answers.closed().await;
        assert_eq!(proxy.host().requests(), 0);
    });
}

#[test]
fn frames_are_passed_on_one_by_one() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) = upstream.asked(upstream.proxy()).await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await;
        client.head().await;
        for event in ["5\r\ndata:\r\n", "2\r\n\n\n\r\n"] {
            wire.send(event).await;
            assert_eq!(client.read(event.len()).await, event);
        }
    });
}
