//! The engine on one side of a socket, the client of the library or bare frames on the other.

mod frames;
mod responses;
mod scene;
mod streams;

use std::{cell::RefCell, rc::Rc};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::oneshot;

use self::scene::{Client, get, post, reason, serve, whole};
use crate::{
    http::{Body, server::Aborted},
    testing::{length_when_told, run},
};

#[test]
fn requests_come_as_they_are_sent() {
    run(async {
        let mut client = Client::of(|request: Request<Body>, _| async move {
            let (head, body) = request.into_parts();
            assert_eq!(
                (head.method.as_str(), head.uri.to_string()),
                ("POST", "http://example.com/a?b".into())
            );
            assert_eq!(head.headers["cookie"], "a=1; b=2", "one field for all");
            assert_eq!(head.headers["x-field"], "value");
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(4));
            let body = body.collect().await.unwrap();
            assert_eq!(body.trailers().unwrap()["x-sum"], "7");
            Ok(Response::new(Body::from(body.to_bytes())))
        })
        .await;
        let request = Request::post("http://example.com/a?b")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .header("content-length", "4")
            .header("x-field", "value");
        let (response, mut body) = client.send(request.body(()).unwrap(), false);
        body.send_data(Bytes::from_static(b"body"), false).unwrap();
        body.send_trailers(HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())])).unwrap();
        let (head, body, _) = whole(response.await.unwrap()).await.unwrap();
        assert_eq!((head.status, &*body), (StatusCode::OK, &b"body"[..]));
    });
}

#[test]
fn a_body_that_is_not_what_was_announced_is_an_error() {
    run(async {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let errors = Rc::clone(&seen);
        let mut client = Client::of(move |request: Request<Body>, _| {
            let errors = Rc::clone(&errors);
            async move {
                let error = request.into_body().collect().await.unwrap_err();
                errors.borrow_mut().push(reason(&*error));
                Err::<Response<Body>, _>(Aborted)
            }
        })
        .await;
        for sent in ["bod", "body!"] {
            let mut request = post();
            request.headers_mut().insert("content-length", "4".parse().unwrap());
            let (response, mut body) = client.send(request, false);
            body.send_data(sent.into(), true).unwrap();
            assert_eq!(response.await.unwrap_err().reason(), Some(Reason::PROTOCOL_ERROR), "{sent}");
        }
        assert_eq!(*seen.borrow(), [Some(Reason::PROTOCOL_ERROR); 2]);
    });
}

/// Whatever the reason: what came is no whole request.
#[test]
fn a_body_that_is_reset_is_an_error() {
    run(async {
        for given in [Reason::CANCEL, Reason::NO_ERROR] {
            let (sender, result) = oneshot::channel();
            let sender = RefCell::new(Some(sender));
            let mut client = Client::of(move |request: Request<Body>, _| {
                let sender = sender.take().unwrap();
                let mut body = request.into_body();
                // Answers first: a handler that has not is dropped.
                tokio::task::spawn_local(async move {
                    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "part");
                    sender.send(reason(&*body.frame().await.unwrap().unwrap_err())).unwrap();
                });
                async {
                    Ok(Response::new(Body::Boxed(Box::pin(
                        http_body_util::Empty::new().map_err(|e| match e {}),
                    ))))
                }
            })
            .await;
            let (response, mut body) = client.send(post(), false);
            response.await.unwrap();
            body.send_data("part".into(), false).unwrap();
            tokio::task::yield_now().await;
            body.send_reset(given);
            assert_eq!(result.await.unwrap(), Some(given));
        }
    });
}

/// The client is given room for no more than what was read.
#[test]
fn a_body_is_taken_as_it_is_read() {
    run(async {
        let (go, gone) = oneshot::channel::<()>();
        let gone = RefCell::new(Some(gone));
        let mut client = Client::of(move |request, _| length_when_told(gone.take().unwrap(), request)).await;
        let (response, mut body) = client.send(post(), false);
        let window = super::WINDOW as usize;
        body.reserve_capacity(2 * window);
        let mut given = 0;
        while given < window {
            let room = scene::room(&mut body).await;
            body.send_data(vec![0; room].into(), false).unwrap();
            given += room;
            body.reserve_capacity(2 * window - given);
        }
        assert_eq!(given, window);
        client.ping().await;
        assert_eq!(body.capacity(), 0, "nothing was read");
        go.send(()).unwrap();
        while given < 2 * window {
            let room = scene::room(&mut body).await;
            given += room;
            body.send_data(vec![0; room].into(), given == 2 * window).unwrap();
        }
        let (_, answer, _) = whole(response.await.unwrap()).await.unwrap();
        assert_eq!(answer, (2 * window).to_string());
    });
}

#[test]
fn nothing_more_is_done_for_a_client_that_leaves() {
    run(async {
        for whole_connection in [false, true] {
            let (client, mut handling) = scene::handling();
            let mut client = client.await;
            let stream = client.send(get(), true);
            assert!(handling.begun().await);
            if whole_connection {
                drop((stream, client));
            } else {
                drop(stream);
                client.ping().await;
            }
            handling.dropped().await;
        }
    });
}

#[test]
fn an_early_answer_stops_the_body_without_an_error() {
    run(async {
        let mut client = Client::of(|_, _| async { Ok(Response::new(Body::from("no"))) }).await;
        let (response, mut body) = client.send(post(), false);
        let (_, answer, _) = whole(response.await.unwrap()).await.unwrap();
        assert_eq!(answer, "no");
        let reset = std::future::poll_fn(|cx| body.poll_reset(cx)).await;
        assert_eq!(reset.unwrap(), Reason::NO_ERROR);
    });
}

#[test]
fn an_aborted_request_is_a_reset() {
    run(async {
        let mut client = Client::of(|_, _| async { Err::<Response<Body>, _>(Aborted) }).await;
        let error = client.send(get(), true).0.await.unwrap_err();
        assert!(error.is_reset() && error.is_remote());
        assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
    });
}

#[test]
fn too_many_fields_are_refused_by_the_library() {
    run(async {
        let mut client = Client::of(|_, _| async { Ok(Response::new(Body::Empty)) }).await;
        let mut request = get();
        request.headers_mut().insert("x-large", vec![b'x'; scene::MAX_HEADERS].try_into().unwrap());
        let response = client.send(request, true).0.await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert_eq!(client.send(get(), true).0.await.unwrap().status(), 200, "the connection goes on");
    });
}

#[test]
fn the_service_is_let_go_with_its_connection() {
    run(async {
        let held = Rc::new(());
        let holding = Rc::clone(&held);
        let far = serve(move |_, _| {
            let _ = &holding;
            async { Ok(Response::new(Body::Empty)) }
        });
        drop(far);
        while Rc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    });
}
