//! One request and its response on a connection.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, Version, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http2;
use tokio::sync::oneshot;

use super::{
    super::{dial::Dial, upstreams::InFlight},
    Request,
    borrow::{Borrowed, Refused},
    extended_connect,
    network_proxy::ProxyServer,
    places::Place,
    pool::{self, Keep, Key, Single},
};
use crate::{
    error::{Error, Kind},
    http::{
        Body,
        body::BodyError,
        passing::{Pass, Passing, Polled},
    },
};

/// Most that is read of a response which nobody wants, in bytes.
const DISCARDED: usize = 64 << 10;

/// A connection that is ready for a request.
pub(in super::super) struct Connection {
    pub(super) link: Link,
    pub(super) key: Key,
    pub(super) keep: Option<Keep>,
    pub(super) reused: bool,
    pub(super) encrypted: bool,
    /// Whether the request is to open a WebSocket on a stream of HTTP/2.
    pub(super) extended: bool,
    /// The proxy that gets the whole request.
    pub(super) forward: Option<Arc<ProxyServer>>,
}

pub(super) enum Link {
    /// On this shard.
    Own(Sender),
    /// On another one.
    Borrowed(Box<Borrowed>),
}

/// What takes requests for a connection of this shard.
pub(super) enum Sender {
    H1(Single),
    H2(http2::SendRequest<Body>),
}

/// The head of a response, and what brings the connection back into the pool.
pub(in super::super) struct Answer {
    pub(in super::super) response: http::Response<Body>,
    pub(in super::super) lease: Option<Lease>,
}

/// Why there is no response.
pub(in super::super) struct Failure {
    pub(in super::super) error: Error,
    /// The request, if nothing of it was sent.
    pub(in super::super) unsent: Option<Request>,
    /// Whether the upstream has just closed a connection that it seemed to keep.
    pub(in super::super) stale: bool,
}

impl Connection {
    /// Whether HTTP/1.1 is spoken, whose interim responses can be seen.
    pub(in super::super) fn is_h1(&self) -> bool {
        match &self.link {
            Link::Own(sender) => matches!(sender, Sender::H1(_)),
            Link::Borrowed(borrowed) => borrowed.is_h1,
        }
    }

    /// Sends a request in the form of HTTP/1.1 and waits for the head of its response.
    pub(in super::super) async fn send(
        self,
        mut request: Request,
        header_timeout: Option<Duration>,
    ) -> Result<Answer, Box<Failure>> {
        let Self { link, key, keep, reused, encrypted, extended, forward } = self;
        let sender = match link {
            Link::Own(sender) => sender,
            Link::Borrowed(borrowed) => {
                if !borrowed.is_h1 {
                    as_h2(&mut request, encrypted);
                } else if let Some(proxy) = forward {
                    for_proxy(&mut request, &key.dial, &proxy);
                }
                return Box::pin(send_from_here(*borrowed, request, header_timeout)).await;
            }
        };
        let mut accept = None;
        let (sent, sender) = match sender {
            Sender::H1(mut single) => {
                if let Some(proxy) = forward {
                    for_proxy(&mut request, &key.dial, &proxy);
                }
                let answer = single.sender.try_send_request(request);
                (limited(answer, header_timeout).await, Some(single))
            }
            Sender::H2(mut sender) => {
                as_h2(&mut request, encrypted);
                accept = extended.then(|| extended_connect::ask(&mut request));
                let answer = sender.try_send_request(request);
                (limited(answer, header_timeout).await, None)
            }
        };
        match sent {
            Ok(Ok(response)) => {
                let mut response = response.map(Body::Incoming);
                if let Some(accept) = accept.filter(|_| response.status().is_success()) {
                    extended_connect::as_upgrade(&mut response, accept);
                }
                let lease = sender.map(|single| Lease { single, key, keep });
                Ok(Answer { response, lease })
            }
            Ok(Err(mut failure)) => {
                let unsent = failure.take_message();
                Err(Failure::new(failure.into_error(), unsent, reused))
            }
            Err(_) => Err(Failure::timeout()),
        }
    }
}

/// Sends a request on a connection of another shard. It goes back when the response was read.
async fn send_from_here(
    borrowed: Borrowed,
    request: Request,
    header_timeout: Option<Duration>,
) -> Result<Answer, Box<Failure>> {
    let Ok(sent) = limited(borrowed.send(request), header_timeout).await else {
        return Err(Failure::timeout());
    };
    match sent {
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
            Ok(Answer { response, lease: None })
        }
        Err((Refused { error: Some(error), .. }, unsent)) => Err(Failure::new(error, unsent, true)),
        Err((Refused { error: None, .. }, unsent)) => {
            let error = Error::new(Kind::UpstreamBroken, "the connection has ended with its shard");
            Err(Box::new(Failure { stale: unsent.is_some(), error, unsent }))
        }
    }
}

impl Failure {
    fn new(error: hyper::Error, unsent: Option<Request>, reused: bool) -> Box<Self> {
        let closed =
            unsent.is_some() || error.is_incomplete_message() || error.is_closed() || is_reset(&error);
        Box::new(Self {
            stale: reused && closed,
            error: Error::new(kind_of(&error), "upstream broke the connection").because(error),
            unsent,
        })
    }

    fn timeout() -> Box<Self> {
        let error = Error::new(Kind::UpstreamTimeout, "timeout awaiting response headers");
        Box::new(Self { error, unsent: None, stale: false })
    }
}

async fn limited<F: Future>(
    future: F,
    limit: Option<Duration>,
) -> Result<F::Output, tokio::time::error::Elapsed> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await,
        None => Ok(future.await),
    }
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

/// HTTP/2 has the host in the target, and no connection fields.
fn as_h2(request: &mut Request, encrypted: bool) {
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

/// A proxy gets the whole URL, and knows who asks. The upstream is the one that was chosen, whatever `Host` says: a client
/// has no say in where a proxy connects to.
fn for_proxy(request: &mut Request, dial: &Dial, proxy: &ProxyServer) {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = Uri::builder().scheme("http").authority(dial.hostport()).path_and_query(target);
    if let Ok(uri) = uri.build() {
        *request.uri_mut() = uri;
    }
    if let Some(authorization) = proxy.authorization() {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, authorization);
    }
}

/// A connection whose response is being read.
pub(in super::super) struct Lease {
    single: Single,
    key: Key,
    /// `None` closes the connection after its response.
    keep: Option<Keep>,
}

impl Lease {
    fn give_back(self) {
        if let Some(keep) = self.keep {
            pool::put(self.key, self.single, keep);
        }
    }

    /// The place of a connection that is taken over by a stream.
    pub(in super::super) fn into_place(self) -> Option<Box<Place>> {
        self.single.place
    }
}

/// Goes with the body of a response on its way to the client. At its end the connection goes back into the pool and the
/// request no longer counts; dropped before, it takes the connection with it.
struct Streamed(Option<(Option<Lease>, InFlight)>);

impl Answer {
    /// The response with a body that lets go of connection and count in time.
    pub(in super::super) fn stream(self, in_flight: InFlight) -> http::Response<Body> {
        let (head, body) = self.response.into_parts();
        let mut streamed = Streamed(Some((self.lease, in_flight)));
        if body.is_empty() {
            streamed.end();
            return http::Response::from_parts(head, Body::Empty);
        }
        http::Response::from_parts(head, Passing::boxed(body, streamed))
    }

    /// Reads the rest of a response that nobody wants, so that its connection can be used again. What is long, or takes
    /// longer than `limit`, is not worth that.
    pub(in super::super) fn discard(self, limit: Duration) {
        tokio::task::spawn_local(async move {
            let mut body = Limited::new(self.response.into_body(), DISCARDED);
            let ended = async {
                while let Some(frame) = body.frame().await {
                    frame?;
                }
                Ok::<(), BodyError>(())
            };
            if let (Ok(Ok(())), Some(lease)) = (tokio::time::timeout(limit, ended).await, self.lease) {
                lease.give_back();
            }
        });
    }
}

impl Streamed {
    fn end(&mut self) {
        if let Some((Some(lease), _)) = self.0.take() {
            lease.give_back();
        }
    }
}

impl Pass for Streamed {
    fn poll(&mut self, mut body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.as_mut().poll_frame(cx);
        if is_last(&polled, &body) {
            self.end();
        }
        if let (Poll::Ready(Some(Err(error))), Some((_, in_flight))) = (&polled, &self.0) {
            in_flight.broke_off(&**error);
        }
        polled
    }
}

/// Whether nothing follows in the body.
fn is_last(polled: &Polled, body: &Body) -> bool {
    match polled {
        Poll::Ready(None) => true,
        // Whoever reads may not ask again after the last frame.
        Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
        Poll::Ready(Some(Err(_))) | Poll::Pending => false,
    }
}

/// Goes with the body of a response on a borrowed connection, and says when it was read. Dropped before, it takes the
/// connection with it.
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
