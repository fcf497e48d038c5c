//! A request and its response on a stream of HTTP/2 (RFC 9113).

use std::{pin::Pin, task::Context};

use http::{Uri, Version, header};
use http_body::Body as _;
use hyper::client::conn::http2;
use tokio::sync::oneshot;

use super::{
    Request,
    borrow::{BorrowedStream, Refused},
    exchange::{Answer, Failure, is_last},
    extended_connect,
};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        passing::{Pass, Passing, Polled},
        takeover::Takeover,
    },
};

/// Sends a request in the form of HTTP/1.1 and waits for the head of its response. `extended`: it opens a WebSocket.
pub(super) async fn send(
    mut sender: http2::SendRequest<Body>,
    mut request: Request,
    encrypted: bool,
    extended: bool,
) -> Result<Answer, Failure> {
    adapt(&mut request, encrypted);
    let accept = extended.then(|| extended_connect::ask(&mut request));
    match sender.try_send_request(request).await {
        Ok(response) => {
            let mut response = response.map(Body::Incoming);
            let Some(accept) = accept.filter(|_| response.status().is_success()) else {
                return Ok(response.into());
            };
            let stream = Takeover::of_upstream(&mut response);
            extended_connect::as_upgrade(&mut response, accept);
            Ok(Answer { response, switched: Some(stream), place: None })
        }
        Err(mut failure) => {
            let unsent = failure.take_message().map(Request::into_body);
            Err(failed(failure.into_error(), unsent))
        }
    }
}

/// The same on a connection of another shard, which is told when the response was read.
pub(super) async fn borrow(
    stream: BorrowedStream,
    mut request: Request,
    encrypted: bool,
) -> Result<Answer, Failure> {
    adapt(&mut request, encrypted);
    match stream.send(request).await {
        Ok((response, read)) => {
            let mut returning = Returning(Some(read));
            let response = response.map(|body| {
                let body = Body::Incoming(body);
                if body.is_empty() {
                    returning.end();
                    return Body::Empty;
                }
                Passing::boxed(body, returning)
            });
            Ok(response.into())
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

fn failed(error: hyper::Error, unsent: Option<Body>) -> Failure {
    let stale = unsent.is_some() || error.is_incomplete_message() || error.is_closed() || is_reset(&error);
    let error = Error::new(kind_of(&error), "upstream broke the connection").because(error);
    Failure { error, unsent, stale }
}

/// HTTP/2 has the host in the target, and no connection fields.
fn adapt(request: &mut Request, encrypted: bool) {
    let host = request.headers_mut().remove(header::HOST);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = Uri::builder()
        .scheme(if encrypted { "https" } else { "http" })
        .authority(host.as_ref().map_or(&b"localhost"[..], |host| host.as_bytes()))
        .path_and_query(target);
    if let Ok(uri) = uri.build() {
        *request.uri_mut() = uri;
    }
    request.headers_mut().remove(header::CONNECTION);
    request.headers_mut().remove(header::UPGRADE);
    *request.version_mut() = Version::HTTP_2;
}

/// A client that breaks off while its request is sent, or sends too much, is no fault of the upstream.
fn kind_of(error: &hyper::Error) -> Kind {
    if let Some(kind) = Error::kind_within(error) {
        kind
    } else if io_kind(error) == Some(std::io::ErrorKind::TimedOut) {
        Kind::UpstreamTimeout
    } else if error.is_user() && !error.is_body_write_aborted() {
        Kind::ClientGone
    } else {
        Kind::UpstreamBroken
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
    matches!(io_kind(error), Some(ConnectionReset | BrokenPipe))
}

/// What the connection failed with.
fn io_kind(error: &hyper::Error) -> Option<std::io::ErrorKind> {
    std::iter::successors(std::error::Error::source(error), |error| error.source())
        .find_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
}
