//! How the bodies of requests are read.

use std::{cell::RefCell, rc::Rc};

use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::sync::oneshot;

use super::scene::{Client, last_line, ok};
use crate::{
    error::{Error, Kind},
    http::{Body, server::Aborted},
    testing::{length_when_told, run},
};

const EXPECTING: &str = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

#[test]
fn a_body_has_a_length_or_chunks_and_trailers() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            let hint = http_body::Body::size_hint(request.body()).exact();
            let whole = request.into_body().collect().await.unwrap();
            let sum = whole.trailers().and_then(|trailers| Some(trailers.get("x-sum")?.clone()));
            Ok(Response::new(Body::from(format!("{hint:?} {sum:?} {:?}", whole.to_bytes()))))
        });
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo").await;
        client.send("dy").await;
        assert_eq!(client.response().await.1, "Some(4) None b\"body\"");
        client
            .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nbo\r\n2\r\n")
            .await;
        client.send("dy\r\n0\r\nX-Sum: 7\r\n\r\n").await;
        assert_eq!(client.response().await.1, "None Some(\"7\") b\"body\"");
    });
}

/// RFC 9110, section 10.1.1.
#[test]
fn a_client_is_told_to_send_what_is_asked_for() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            Ok(Response::new(Body::from(body)))
        });
        for _ in 0..2 {
            client.send(EXPECTING).await;
            assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
            client.send("body").await;
            assert_eq!(client.response().await.1, "body");
        }
    });
}

#[test]
fn a_client_is_told_even_if_another_task_asks() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            let read = tokio::task::spawn_local(request.into_body().collect());
            Ok(Response::new(Body::from(read.await.unwrap().unwrap().to_bytes())))
        });
        client.send(EXPECTING).await;
        assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
        client.send("body").await;
        assert_eq!(client.response().await.1, "body");
    });
}

#[test]
fn a_body_that_nobody_asks_for_is_not_awaited() {
    run(async {
        let mut client = Client::of(|_, _| async { ok("no") });
        client.send(EXPECTING).await;
        let (head, body) = client.response().await;
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("\r\nConnection: close\r\n"), "{head}");
        assert_eq!((&*body, &*client.rest().await), ("no", ""));
    });
}

#[test]
fn an_early_response_reads_over_a_body_that_is_there() {
    run(async {
        let mut client = Client::of(|_, _| async { ok("no") });
        for request in [
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{}", "x".repeat(100_000)),
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n{}\r\n0\r\n\r\n",
                "x".repeat(100_000)
            ),
        ] {
            client.send(&request[..50]).await;
            client.send(&request[50..]).await;
            let (head, _) = client.response().await;
            assert!(!head.contains("\r\nConnection: "), "{head}");
        }
    });
}

#[test]
fn an_early_response_ends_a_body_that_is_long_or_slow() {
    run(async {
        for part in ["", "part", &"x".repeat(300 << 10)] {
            let mut client = Client::of(|_, _| async { ok("no") });
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n";
            client.send(format!("{head}{part}")).await;
            let (head, body) = client.response().await;
            assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
            assert_eq!(body, "no");
            // It may go on to send for a while, and is not told by a reset that its response is gone.
            client.flood(&[b'x'; 1000]).await;
            client.end().await;
            assert_eq!(client.rest().await, "");
        }
    });
}

/// Whoever has answered may still be reading.
#[test]
fn a_body_is_read_while_the_response_is_sent() {
    run(async {
        let (sender, result) = oneshot::channel();
        let sender = RefCell::new(Some(sender));
        let mut client = Client::of(move |request: Request<Body>, _| {
            let sender = sender.take().unwrap();
            let (go, gone) = oneshot::channel();
            tokio::task::spawn_local(async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                sender.send(body).unwrap();
                go.send(()).unwrap();
            });
            async {
                let end = futures_util::stream::once(async move {
                    gone.await.unwrap();
                    Ok::<_, std::io::Error>(http_body::Frame::data("end".into()))
                });
                Ok(Response::new(Body::boxed(http_body_util::StreamBody::new(end))))
            }
        });
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo").await;
        assert!(!client.head().await.contains("\r\nConnection: "));
        client.send("dy").await;
        assert_eq!(result.await.unwrap(), "body");
        assert_eq!(client.read(13).await, "3\r\nend\r\n0\r\n\r\n");
    });
}

#[test]
fn a_body_is_read_as_it_is_asked_for() {
    run(async {
        let (go, gone) = oneshot::channel::<()>();
        let gone = RefCell::new(Some(gone));
        let mut client = Client::of(move |request, _| length_when_told(gone.take().unwrap(), request));
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n").await;
        let sent = client.send_until_full(8 << 20).await;
        assert!(sent < 4 << 20, "{sent} bytes were taken");
        go.send(()).unwrap();
        client.flood(&vec![0; (8 << 20) - sent]).await;
        assert_eq!(client.response().await.1, "8388608");
    });
}

/// What a body says that does not come as it should, and whose fault that is.
async fn error_of(sent: &str) -> (String, Kind) {
    let (sender, result) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let mut client = Client::of(move |request: Request<Body>, _| {
        let sender = Rc::clone(&sender);
        async move {
            let error = request.into_body().collect().await.unwrap_err();
            let told = (last_line(&*error), Error::kind_of_request_body(&*error));
            sender.take().unwrap().send(told).unwrap();
            ok("late")
        }
    });
    client.send(sent).await;
    client.end().await;
    let (head, body) = client.response().await;
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert_eq!((&*body, &*client.rest().await), ("late", ""));
    result.await.unwrap()
}

#[test]
fn a_body_that_ends_early_is_an_error_that_can_be_answered() {
    run(async {
        for sent in [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n",
        ] {
            assert_eq!(
                error_of(sent).await,
                ("end of file before message length reached".into(), Kind::ClientGone),
                "{sent}"
            );
        }
    });
}

#[test]
fn a_malformed_chunk_is_the_client_s_mistake() {
    run(async {
        for chunk in ["zz\r\n", "4\nbody\r\n", "2\r\nbody\r\n", "-1\r\n", "0\r\n bad\r\n\r\n"] {
            let sent = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
            let (_, kind) = error_of(&sent).await;
            assert_eq!(kind, Kind::Status(http::StatusCode::BAD_REQUEST), "{chunk:?}");
        }
    });
}

/// A copy of it may go somewhere else.
#[test]
fn a_body_may_be_read_longer_than_the_response_takes() {
    run(async {
        for drops in [false, true] {
            let (sender, result) = oneshot::channel();
            let sender = RefCell::new(Some(sender));
            let mut client = Client::of(move |request: Request<Body>, _| {
                if let Some(sender) = sender.take() {
                    let mut body = request.into_body();
                    tokio::task::spawn_local(async move {
                        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
                        let rest = if drops { None } else { Some(body.collect().await.unwrap().to_bytes()) };
                        sender.send((first, rest)).unwrap();
                    });
                }
                async { ok("early") }
            });
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").await;
            let (head, body) = client.response().await;
            assert!(body == "early" && !head.contains("\r\nConnection: "), "{head}");
            client.send("bo").await;
            if drops {
                assert_eq!(client.rest().await, "", "there is more to come");
                assert_eq!(result.await.unwrap(), ("bo".into(), None));
            } else {
                client.send("dyGET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
                assert_eq!(client.response().await.1, "early");
                let (first, rest) = result.await.unwrap();
                assert_eq!([first, rest.unwrap()].concat(), b"body");
            }
        }
    });
}

#[test]
fn who_waits_for_a_body_is_told_that_its_connection_is_gone() {
    run(async {
        let (sender, result) = oneshot::channel();
        let sender = RefCell::new(Some(sender));
        let mut client = Client::of(move |request: Request<Body>, _| {
            let sender = sender.take().unwrap();
            let mut body = request.into_body();
            tokio::task::spawn_local(async move {
                sender.send(last_line(&*body.frame().await.unwrap().unwrap_err())).unwrap();
            });
            async {
                tokio::task::yield_now().await;
                Err::<Response<Body>, _>(Aborted)
            }
        });
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").await;
        assert_eq!(client.rest().await, "");
        assert_eq!(result.await.unwrap(), "the request is over");
    });
}

#[test]
fn a_service_that_drops_the_body_may_still_abort() {
    run(async {
        let mut client = Client::of(|_, _| async { Err::<Response<Body>, _>(Aborted) });
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").await;
        assert_eq!(client.rest().await, "");
    });
}
