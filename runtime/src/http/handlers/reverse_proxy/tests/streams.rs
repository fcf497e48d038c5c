//! Upstreams of HTTP/2 that do as the test says, stream by stream.

use bytes::Bytes;
use h2::{Reason, RecvStream, server};
use http::{Request, Response};
use serde_json::json;
use tokio::{net::TcpStream, sync::mpsc};

use super::scene::{Proxy, Upstream, on_a_shard};

/// A request, and what it is answered with.
pub(super) type Asked = (Request<RecvStream>, server::SendResponse<Bytes>);

/// One connection of an upstream.
pub(super) struct Connection {
    asked: mpsc::UnboundedReceiver<Asked>,
    finish: mpsc::UnboundedSender<()>,
}

impl Connection {
    pub(super) async fn accept(upstream: &Upstream) -> Self {
        Self::with(server::Builder::new().enable_connect_protocol(), upstream).await
    }

    async fn with(settings: &server::Builder, upstream: &Upstream) -> Self {
        let mut connection: server::Connection<TcpStream, Bytes> =
            settings.handshake(upstream.accept().await.0).await.unwrap();
        let (asking, asked) = mpsc::unbounded_channel();
        let (finish, mut told) = mpsc::unbounded_channel();
        tokio::task::spawn_local(async move {
            loop {
                tokio::select! {
                    accepted = connection.accept() => match accepted {
                        Some(Ok(accepted)) => asking.send(accepted).unwrap_or_default(),
                        _ => break,
                    },
                    Some(()) = told.recv() => connection.graceful_shutdown(),
                }
            }
        });
        Self { asked, finish }
    }

    pub(super) async fn next(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }
}

pub(super) fn head(status: u16) -> Response<()> {
    Response::builder().status(status).body(()).unwrap()
}

pub(super) fn answer(mut respond: server::SendResponse<Bytes>, body: &'static str) {
    let mut stream = respond.send_response(head(200), false).unwrap();
    stream.send_data(body.into(), true).unwrap();
}

async fn proxy(upstream: &Upstream, more: serde_json::Value) -> Proxy {
    let mut config = upstream.proxy();
    config["transport"] = json!({"protocol": "http", "versions": ["h2c", "2"]});
    for (name, value) in more.as_object().unwrap() {
        config["transport"][name] = value.clone();
    }
    Proxy::new(config).await
}

#[test]
fn r07_interim_responses_of_http_2_are_passed_on_at_once() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({})).await;
        let mut client = proxy.get().await;
        let (_, mut respond) = Connection::accept(&upstream).await.next().await;
        let hint = |status| Response::builder().status(status).header("link", "</a>").body(()).unwrap();
        respond.send_informational(hint(103)).unwrap();
        let came = client.head().await;
        assert_eq!((came.line(), came.get("link").as_deref()), ("HTTP/1.1 103 Early Hints", Some("</a>")));
        respond.send_informational(hint(102)).unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 102 Processing");
        respond.send_informational(head(103)).unwrap();
        answer(respond, "ok");
        assert_eq!(client.head().await.line(), "HTTP/1.1 103 Early Hints");
        let last = client.head().await;
        assert_eq!((last.line(), last.get("link")), ("HTTP/1.1 200 OK", None));
    });
}

#[test]
fn a_body_waits_for_100_of_http_2() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({"expect_continue_timeout": "1h"})).await;
        let post = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
        let mut client = proxy.send(post).await;
        let (mut request, mut respond) = Connection::accept(&upstream).await.next().await;
        respond.send_informational(head(100)).unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 100 Continue", "the body is asked for");
        client.send("body").await;
        assert_eq!(request.body_mut().data().await.unwrap().unwrap(), "body");
        answer(respond, "ok");
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn a_connection_that_finishes_takes_no_further_requests() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({})).await;
        let mut first = proxy.get().await;
        let mut before = Connection::accept(&upstream).await;
        let (_, respond) = before.next().await;
        before.finish.send(()).unwrap();
        // What is under way on it is answered; everything else comes on another.
        let mut after = loop {
            let second = proxy.get().await;
            tokio::select! {
                after = Connection::accept(&upstream) => break (second, after),
                (_, respond) = before.next() => answer(respond, "still"),
            }
        };
        answer(after.1.next().await.1, "second");
        assert_eq!(after.0.head().await.line(), "HTTP/1.1 200 OK");
        answer(respond, "first");
        assert_eq!(first.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn a_client_that_breaks_off_its_body_resets_the_stream() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({})).await;
        let client =
            proxy.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n").await;
        let (mut request, _respond) = Connection::accept(&upstream).await.next().await;
        assert_eq!(request.body_mut().data().await.unwrap().unwrap(), "hi");
        let handling = proxy.handling();
        drop(client);
        let error = request.body_mut().data().await.unwrap().unwrap_err();
        assert!(error.is_reset() && error.is_remote(), "{error}");
        handling.ended().await;
        assert_eq!(proxy.host().requests(), 0);
        assert_eq!(proxy.host().fails(), 0, "it is not the upstream's fault");
    });
}

#[test]
fn an_answer_before_the_end_of_the_body_is_one() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({})).await;
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo";
        let mut client = proxy.send(post).await;
        let (request, mut respond) = Connection::accept(&upstream).await.next().await;
        let mut stream = respond.send_response(head(413), false).unwrap();
        stream.send_data("too much".into(), true).unwrap();
        drop((request, respond, stream));
        assert_eq!(client.head().await.line(), "HTTP/1.1 413 Payload Too Large");
        assert_eq!(client.read(8 + 3 + 7).await, "8\r\ntoo much\r\n0\r\n\r\n");
    });
}

/// Whoever leaves leaves with all of the request, also with what is in our memory.
#[test]
fn a_client_that_leaves_takes_its_body_along() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "versions": ["h2c"]});
        config["request_buffers"] = json!(-1);
        let proxy = Proxy::new(config).await;
        let size = 1 << 20;
        let mut client =
            proxy.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")).await;
        client.send(vec![b'x'; size]).await;
        let (mut request, mut respond) = Connection::accept(&upstream).await.next().await;
        let _stream = respond.send_response(head(200), false).unwrap();
        client.head().await;
        drop(client);
        let mut came = 0;
        let error = loop {
            match request.body_mut().data().await.unwrap() {
                Ok(data) => came += data.len(),
                Err(error) => break error,
            }
        };
        assert!(error.is_reset() && came < size, "{error} after {came}");
    });
}

#[test]
fn streams_that_break_are_the_upstreams_fault() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({})).await;
        let mut client = proxy.get().await;
        let mut connection = Connection::accept(&upstream).await;
        connection.next().await.1.send_reset(Reason::INTERNAL_ERROR);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        // In the midst of the body it breaks off for the client, too.
        let mut client = proxy.get().await;
        let (_, mut respond) = connection.next().await;
        let mut stream = respond.send_response(head(200), false).unwrap();
        stream.send_data("part".into(), false).unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        assert_eq!(client.read(9).await, "4\r\npart\r\n");
        stream.send_reset(Reason::INTERNAL_ERROR);
        assert_eq!(client.rest().await, b"", "and no last chunk");
        // What was not looked at is asked for once more.
        let mut client = proxy.get().await;
        connection.next().await.1.send_reset(Reason::REFUSED_STREAM);
        answer(connection.next().await.1, "ok");
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn requests_wait_for_an_upstream_that_takes_few_at_once() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = proxy(&upstream, json!({})).await;
        let mut client = proxy.get().await;
        let mut connection =
            Connection::with(server::Builder::new().max_concurrent_streams(1), &upstream).await;
        answer(connection.next().await.1, "ok");
        client.head().await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(proxy.get().await);
        }
        // One of those that wait is given up.
        drop(clients.pop());
        for _ in 0..2 {
            let (_, respond) = connection.next().await;
            assert!(connection.asked.try_recv().is_err(), "the others wait");
            answer(respond, "ok");
        }
        for mut client in clients {
            assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        }
        assert!(upstream.is_alone().await);
    });
}
