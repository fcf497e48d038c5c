//! A request and its response on a stream of HTTP/2 (RFC 9113).

mod requests;

use std::{pin::Pin, task::Context};

use ::h2::{RecvStream, ext::Protocol};
use bytes::Bytes;
use http::{Response, Version};
use http_body::Body as _;
use tokio::sync::oneshot;

pub(super) use self::requests::{Answered, Broken, Requests, Unanswered, builder};
use super::{
    Request,
    between::Interim,
    borrow::{BorrowedStream, Refused},
    exchange::{Answer, Failure, is_last},
    extended_connect,
    streamed::adapt,
};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        connection::{Received, h2::Tunnelled},
        passing::{Pass, Passing, Polled},
    },
    tunnel::Leg,
};

/// Sends a request in the form of HTTP/1.1 and waits for the head of its response. `extended`: it opens a WebSocket.
pub(super) async fn send(
    mut requests: Requests,
    mut request: Request,
    interim: Interim,
    encrypted: bool,
    extended: bool,
) -> Result<Box<Answer>, Failure> {
    adapt(&mut request, encrypted, Version::HTTP_2);
    let accept = extended.then(|| {
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        extended_connect::ask(&mut request)
    });
    let answered = requests.send(request, |status, headers| interim.came(status, headers)).await;
    let Answered { response, stream, upload } =
        answered.map_err(|Unanswered { error, unsent }| failed(error, unsent))?;
    match (accept, stream) {
        (Some(accept), Some(stream)) if response.status().is_success() => {
            let (head, receive) = response.into_parts();
            let leg = Leg::Other(Box::new(Tunnelled::new(stream, receive, None)));
            let mut response = Response::from_parts(head, Body::Empty);
            extended_connect::as_upgrade(&mut response, accept);
            Ok(Answer::switched(response, (leg, Bytes::new())))
        }
        (_, _) => {
            let response = received(response).map(|body| upload.go_along(body));
            Ok(Answer::of(response))
        }
    }
}

fn received(response: Response<RecvStream>) -> Response<Body> {
    let (head, stream) = response.into_parts();
    let body = Body::Received(Received::of_response(stream, &head.headers));
    Response::from_parts(head, body)
}

/// The same on a connection of another shard, which is told when the response was read.
pub(super) async fn borrow(
    stream: BorrowedStream,
    mut request: Request,
    interim: Interim,
    encrypted: bool,
) -> Result<Box<Answer>, Failure> {
    adapt(&mut request, encrypted, Version::HTTP_2);
    match stream.send(request, &interim).await {
        Ok((response, read)) => {
            let mut returning = Returning(Some(read));
            let response = received(response).map(|body| {
                if body.is_empty() {
                    returning.end();
                    return Body::Empty;
                }
                Passing::boxed(body, returning)
            });
            Ok(Answer::of(response))
        }
        Err((Refused { error: Some(error), .. }, unsent)) => Err(failed(error, unsent)),
        Err((Refused { error: None, .. }, unsent)) => {
            let error = Error::new(Kind::UpstreamBroken, "the connection has ended with its shard");
            Err(Failure { stale: unsent.is_some(), error, unsent })
        }
    }
}

/// Goes with the body of a response on a borrowed connection, and says when it was read.
struct Returning(Option<oneshot::Sender<()>>);

impl Returning {
    fn end(&mut self) {
        if let Some(read) = self.0.take() {
            // Nobody listens when the other shard has stopped.
            _ = read.send(());
        }
    }
}

impl Pass for Returning {
    fn poll(&mut self, mut body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.as_mut().poll_frame(cx);
        if is_last(&polled, &body) {
            self.end();
        }
        polled
    }
}

fn failed(error: Broken, unsent: Option<Body>) -> Failure {
    let (kind, stale) = (error.kind(), unsent.is_some() || error.is_end());
    Failure::new(kind, error, unsent, stale)
}
