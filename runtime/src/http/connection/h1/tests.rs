//! The engine on one side of a socket, bare bytes on the other.

mod bodies;
mod heads;
mod responses;
mod scene;

use std::{cell::RefCell, future::pending, rc::Rc};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use self::scene::{Client, GET, hint, last_line, ok};
use crate::{
    http::{Body, server::Aborted},
    testing::run,
};

#[test]
fn requests_in_a_row_are_answered_in_order() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            let target = request.uri().to_string();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            // The first takes longest.
            for _ in 0..10 - body.len() {
                tokio::task::yield_now().await;
            }
            Ok(Response::new(Body::from(format!("{target} {}", body.len()))))
        });
        client
            .send(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
                 POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody\
                 POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
                 GET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
            )
            .await;
        for expected in ["/1 0", "/2 4", "/3 3", "/4 0"] {
            assert_eq!(client.response().await.1, expected);
        }
    });
}

#[test]
fn nothing_more_is_done_for_a_client_that_leaves() {
    run(async {
        for sent in [GET, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"] {
            let held = Rc::new(());
            let holding = Rc::clone(&held);
            let mut client = Client::of(move |request: Request<Body>, _| {
                let holding = Rc::clone(&holding);
                async move {
                    request.into_body().collect().await.unwrap();
                    let _holding = holding;
                    pending::<Result<Response<Body>, _>>().await
                }
            });
            client.send(sent).await;
            while Rc::strong_count(&held) < 3 {
                tokio::task::yield_now().await;
            }
            drop(client);
            while Rc::strong_count(&held) > 1 {
                tokio::task::yield_now().await;
            }
        }
    });
}

#[test]
fn an_aborted_request_closes_its_connection() {
    run(async {
        let mut client = Client::of(|_, _| async { Err::<Response<Body>, _>(Aborted) });
        client.send(GET).await;
        assert_eq!(client.rest().await, "");
    });
}

#[test]
fn interim_responses_come_before_the_final_one() {
    run(async {
        let late = Rc::new(RefCell::new(None));
        let sender = Rc::clone(&late);
        let mut client = Client::of(move |_, stream| {
            let sender = Rc::clone(&sender);
            async move {
                let target = stream.unwrap().interim;
                // That of a request which is over says nothing.
                sender.borrow_mut().iter().for_each(hint);
                hint(&target);
                tokio::task::yield_now().await;
                hint(&target);
                *sender.borrow_mut() = Some(target);
                ok("final")
            }
        });
        for _ in 0..2 {
            client.send(GET).await;
            for _ in 0..2 {
                let (head, _) = client.response().await;
                assert_eq!(head, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
            }
            assert_eq!(client.response().await.1, "final");
            late.borrow().iter().for_each(hint);
        }
    });
}

#[test]
fn clients_of_http_1_0_get_no_interim_response() {
    run(async {
        let mut client = Client::of(|_, stream| async move {
            assert!(stream.is_none());
            ok("final")
        });
        client.send("GET / HTTP/1.0\r\n\r\n").await;
        assert!(client.rest().await.starts_with("HTTP/1.0 200 OK\r\n"));
    });
}

#[test]
fn a_connection_is_handed_over_with_what_was_read_too_far() {
    run(async {
        let mut client = Client::of(|_, stream| async move {
            let taking = scene::take_over(&stream.unwrap()).unwrap();
            tokio::task::spawn_local(async move {
                let (mut leg, ahead) = taking.await.unwrap();
                leg.write_all(&[b"got ", &ahead[..]].concat()).await.unwrap();
            });
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert("upgrade", "other".parse().unwrap());
            response.headers_mut().insert("connection", "upgrade".parse().unwrap());
            Ok(response)
        });
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nahead").await;
        let (head, _) = client.response().await;
        assert!(
            head.starts_with("HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n")
        );
        assert_eq!(client.rest().await, "got ahead");
    });
}

#[test]
fn only_who_asks_for_an_upgrade_gets_one() {
    run(async {
        let client = || {
            Client::of(|_, stream| async move {
                assert!(stream.is_none_or(|stream| scene::take_over(&stream).is_none()));
                let mut response = Response::new(Body::Empty);
                *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                Ok(response)
            })
        };
        // Nor does one whose request has not come to its end.
        for request in [
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: other\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nx",
        ] {
            let mut client = client();
            client.send(request).await;
            assert_eq!(client.rest().await, "");
        }
    });
}

#[test]
fn an_idle_connection_ends_at_once_and_a_busy_one_says_so() {
    run(async {
        for asked in [false, true] {
            let (go, gone) = tokio::sync::oneshot::channel::<()>();
            let gone = RefCell::new(Some(gone));
            let begun = Rc::new(());
            let begins = Rc::clone(&begun);
            let mut client = Client::of(move |_, _| {
                let (gone, begins) = (gone.take().unwrap(), Rc::clone(&begins));
                async move {
                    let _begins = begins;
                    gone.await.unwrap();
                    ok("answer")
                }
            });
            if asked {
                client.send(GET).await;
                while Rc::strong_count(&begun) < 3 {
                    tokio::task::yield_now().await;
                }
            }
            client.finish();
            if asked {
                tokio::task::yield_now().await;
                go.send(()).unwrap();
            }
            let rest = client.rest().await;
            assert_eq!(rest.contains("\r\nConnection: close\r\n"), asked, "{rest}");
            assert_eq!(rest.ends_with("answer"), asked, "{rest}");
        }
    });
}

#[test]
fn an_idle_connection_has_no_buffer() {
    run(async {
        let mut client = Client::of(|_, _| async { ok("answer") });
        for _ in 0..2 {
            client.send(GET).await;
            client.response().await;
            assert_eq!(client.buffered(), (0, 0));
        }
        client.send("GET / HT").await;
        while client.buffered().0 == 0 {
            tokio::task::yield_now().await;
        }
        client.send("TP/1.1\r\nHost: a\r\n\r\n").await;
        client.response().await;
        assert_eq!(client.buffered(), (0, 0));
    });
}

#[test]
fn the_service_is_let_go_with_its_connection() {
    run(async {
        let held = Rc::new(());
        let holding = Rc::clone(&held);
        let client = Client::of(move |_, _| {
            let _ = &holding;
            async { ok("") }
        });
        drop(client);
        while Rc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn what_is_left_of_a_request_ends_with_its_connection() {
    run(async {
        let left = Rc::new(RefCell::new(None));
        let leaves = Rc::clone(&left);
        let mut client = Client::of(move |request: Request<Body>, _| {
            *leaves.borrow_mut() = Some(request.into_body());
            async { Err::<Response<Body>, _>(Aborted) }
        });
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart").await;
        assert_eq!(client.rest().await, "", "the socket is closed");
        let error = left.take().unwrap().frame().await.unwrap().unwrap_err();
        assert_eq!(last_line(&*error), "the request is over");
    });
}
