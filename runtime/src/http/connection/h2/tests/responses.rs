//! How responses are sent.

use std::cell::RefCell;

use bytes::Bytes;
use h2::Reason;
use http::{Request, Response, StatusCode};
use http_body::Frame;

use super::scene::{Client, Pieces, get, serve, whole};
use crate::{
    http::{Body, body::BodyError},
    testing::run,
};

/// A client that gets one response.
async fn given<B>(response: http::response::Builder, body: B) -> Client
where
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    let response = RefCell::new(Some(response.body(body).unwrap()));
    Client::of(move |_, _| {
        let response = response.take().unwrap();
        async { Ok(response) }
    })
    .await
}

#[test]
fn heads_are_those_of_http_2() {
    run(async {
        let response = Response::builder()
            .header("connection", "close, X-Hop")
            .header("keep-alive", "timeout=5")
            .header("transfer-encoding", "chunked")
            .header("upgrade", "h2c")
            .header("x-hop", "1")
            .header("x-end", "2");
        let mut client = given(response, Body::from("hello")).await;
        let (head, body, _) = whole(client.send(get(), true).0.await.unwrap()).await.unwrap();
        let mut names: Vec<_> = head.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "date", "x-end"]);
        assert_eq!((&head.headers["content-length"], &*body), (&"5".parse().unwrap(), &b"hello"[..]));
        assert!(httpdate::parse_http_date(head.headers["date"].to_str().unwrap()).is_ok());
        let mut client = given(Response::builder().header("date", "then"), Body::Empty).await;
        let response = client.send(get(), true).0.await.unwrap();
        assert_eq!(response.headers()["date"], "then");
        assert!(response.body().is_end_stream(), "the head says all");
    });
}

#[test]
fn some_responses_have_no_body() {
    run(async {
        for (method, status, length) in
            [("HEAD", 200, Some("5")), ("GET", 204, None), ("GET", 304, None), ("HEAD", 404, Some("5"))]
        {
            let mut client = given(Response::builder().status(status), Body::from("hello")).await;
            let request = Request::builder().method(method).uri("http://example.com/").body(()).unwrap();
            let response = client.send(request, true).0.await.unwrap();
            assert_eq!(response.status(), status);
            let given = response.headers().get("content-length").map(|length| length.to_str().unwrap());
            assert_eq!(given, length, "{method} {status}");
            assert!(response.body().is_end_stream(), "{method} {status}");
        }
        // What the handler says of the length is left as it is.
        let mut client =
            given(Response::builder().status(304).header("content-length", "9"), Body::Empty).await;
        let response = client.send(get(), true).0.await.unwrap();
        assert_eq!(
            (&response.headers()["content-length"], response.body().is_end_stream()),
            (&"9".parse().unwrap(), true)
        );
    });
}

#[test]
fn a_body_beyond_the_promised_length_is_cut() {
    run(async {
        for pieces in [&["hello!"][..], &["hel", "lo", "!"], &["hello", "!"]] {
            let mut client =
                given(Response::builder().header("content-length", "5"), Pieces::text(pieces)).await;
            let (_, body, _) = whole(client.send(get(), true).0.await.unwrap()).await.unwrap();
            assert_eq!(body, "hello");
        }
    });
}

#[test]
fn a_body_that_falls_short_is_a_reset() {
    run(async {
        for pieces in [&["hell"][..], &[]] {
            let mut client =
                given(Response::builder().header("content-length", "5"), Pieces::text(pieces)).await;
            let response = client.send(get(), true).0.await;
            let error = match response {
                Ok(response) => whole(response).await.unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "{pieces:?}");
        }
    });
}

#[test]
fn a_body_that_breaks_off_is_a_reset() {
    run(async {
        let errors: [(BodyError, Reason); 4] = [
            ("broken".into(), Reason::INTERNAL_ERROR),
            (h2::Error::from(Reason::CANCEL).into(), Reason::CANCEL),
            (h2::Error::from(Reason::REFUSED_STREAM).into(), Reason::REFUSED_STREAM),
            // That would say that all is there.
            (h2::Error::from(Reason::NO_ERROR).into(), Reason::INTERNAL_ERROR),
        ];
        for (error, reason) in errors {
            let (body, _) = Pieces::new([Ok(Frame::data("part".into())), Err(error)]);
            let mut client = given(Response::builder(), body).await;
            let response = client.send(get(), true).0.await;
            let error = match response {
                Ok(response) => whole(response).await.unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(error.reason(), Some(reason));
        }
    });
}

#[test]
fn trailers_end_a_body() {
    run(async {
        let trailers = [("grpc-status", "0"), ("connection", "x")];
        let trailers = trailers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let (body, _) = Pieces::new([
            Ok(Frame::data("answer".into())),
            Ok(Frame::trailers(trailers.into_iter().collect())),
        ]);
        let mut client = given(Response::builder(), body).await;
        let (_, body, trailers) = whole(client.send(get(), true).0.await.unwrap()).await.unwrap();
        let trailers = trailers.unwrap();
        assert_eq!(
            (&*body, trailers.len(), &trailers["grpc-status"]),
            (&b"answer"[..], 1, &"0".parse().unwrap())
        );
    });
}

/// Empty pieces are no frames, and bodies of unknown length end with one.
#[test]
fn a_body_of_unknown_length_is_sent_as_it_comes() {
    run(async {
        let mut client = given(Response::builder(), Pieces::text(&["", "a", "", "b"])).await;
        let response = client.send(get(), true).0.await.unwrap();
        assert!(!response.headers().contains_key("content-length"));
        let (head, body, _) = whole(response).await.unwrap();
        assert_eq!((head.status, &*body), (StatusCode::OK, &b"ab"[..]));
    });
}

/// Nothing is read ahead for a client that has no room.
#[test]
fn a_body_waits_for_its_client() {
    run(async {
        let piece = || Ok(Frame::data(Bytes::from(vec![0; 1000])));
        let (body, asked) = Pieces::new([piece(), piece(), piece()]);
        let response = RefCell::new(Some(Response::new(body)));
        let far = serve(move |_, _| {
            let response = response.take().unwrap();
            async { Ok(response) }
        });
        let mut client = Client::with(h2::client::Builder::new().initial_window_size(1000), far).await;
        let response = client.send(get(), true).0.await.unwrap();
        client.ping().await;
        client.ping().await;
        assert_eq!(*asked.borrow(), 2, "the second waits");
        let (_, body, _) = whole(response).await.unwrap();
        assert_eq!((body.len(), *asked.borrow()), (3000, 4));
    });
}
