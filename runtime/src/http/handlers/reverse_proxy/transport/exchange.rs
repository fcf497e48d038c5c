//! One request and its response on a connection.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Uri, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use tokio::time::Sleep;

use super::{
    super::{dial::Dial, upstreams::InFlight},
    Outgoing, Request,
    between::Interim,
    borrow::BorrowedStream,
    h1::{Broken, H1, Unanswered},
    h2, h3,
    network_proxy::ProxyServer,
    places::Place,
    pool::Home,
};
use crate::{
    error::{Error, Fault, Kind},
    http::{
        Body,
        body::BodyError,
        h3::SessionLeg,
        passing::{Pass, Passing, Polled},
        takeover::Takeover,
    },
    tunnel::Leg,
};

/// Most that is read of a response which nobody wants, in bytes.
const DISCARDED: usize = 64 << 10;

/// A connection that is ready for a request.
pub(in super::super) struct Connection {
    pub(super) sender: Sender,
    pub(super) dial: Arc<Dial>,
    /// Where a connection of HTTP/1.1 goes afterwards. `None` closes it.
    pub(super) home: Option<Home>,
    pub(super) reused: bool,
    pub(super) encrypted: bool,
    /// Whether the request is to open a WebSocket on a stream of HTTP/2 or HTTP/3.
    pub(super) extended: bool,
    /// The proxy that gets the whole request.
    pub(super) forward: Option<Arc<ProxyServer>>,
}

pub(super) enum Sender {
    H1(Box<H1>),
    H2(h2::Requests),
    H3(h3::Requests),
    /// HTTP/2 on another shard.
    Borrowed(Box<BorrowedStream>),
}

/// The head of a response. Its body brings the connection back into the pool.
pub(in super::super) struct Answer {
    pub(in super::super) response: http::Response<Body>,
    /// What the upstream switched to another protocol on.
    pub(in super::super) switched: Option<Takeover>,
    /// The WebTransport session that the upstream has accepted.
    pub(in super::super) session: Option<Box<SessionLeg>>,
    /// Where its connection is counted then.
    pub(in super::super) place: Option<Box<Place>>,
}

impl Answer {
    /// A response like others. In a box, because it goes through many hands.
    pub(super) fn of(response: http::Response<Body>) -> Box<Self> {
        Box::new(Self { response, switched: None, session: None, place: None })
    }

    /// A response after which the upstream speaks something else; with what was read of that.
    pub(super) fn switched(response: http::Response<Body>, leg: (Leg, Bytes)) -> Box<Self> {
        let switched = Some(Takeover::Agreed(Some(leg)));
        Box::new(Self { response, switched, session: None, place: None })
    }
}

/// Why there is no response.
pub(in super::super) struct Failure {
    pub(in super::super) error: Error,
    /// The body of the request, if nothing was sent.
    pub(in super::super) unsent: Option<Body>,
    /// Whether the upstream has just closed a connection that it seemed to keep.
    pub(in super::super) stale: bool,
}

impl Failure {
    /// With a cause: the upstream's, or that the client has not sent its request to the end.
    pub(super) fn new(kind: Kind, cause: impl Into<BodyError>, unsent: Option<Body>, stale: bool) -> Self {
        let by_client = Error::new(kind, "sending the request body");
        let error = match by_client.fault() {
            Fault::Client => by_client,
            Fault::Upstream | Fault::Server => Error::new(kind, "upstream broke the connection"),
        };
        Self { error: error.because(cause), unsent, stale }
    }

    fn timeout() -> Self {
        let error = Error::new(Kind::UpstreamTimeout, "timeout awaiting response headers");
        Self { error, unsent: None, stale: false }
    }
}

impl Connection {
    /// Sends a request in the form of HTTP/1.1 and waits for the head of its response.
    pub(in super::super) fn send(
        self,
        mut request: Outgoing<'_>,
        interim: Interim,
        header_timeout: Option<Duration>,
    ) -> impl Future<Output = Result<Box<Answer>, Box<Failure>>> + use<> {
        let Self { sender, dial, home, reused, encrypted, extended, forward } = self;
        // Clients of HTTP/1.0 may have none; a request of HTTP/1.1 has one (RFC 9112, section 3.2).
        if !request.has_host() {
            request.set_host(dial.authority());
        }
        // What is large goes away before the future is made.
        let way = match sender {
            Sender::H1(mut connection) => {
                if let Some(proxy) = forward {
                    for_proxy(request.whole_mut(), &dial, &proxy);
                }
                connection.begin(&mut request, home.is_none());
                Way::H1(OnH1 { connection: Some(connection), home, interim })
            }
            Sender::H2(sender) => {
                Way::H2(Box::pin(h2::send(sender, request.into_whole(), interim, encrypted, extended)))
            }
            Sender::H3(sender) => {
                Way::H3(Box::pin(h3::send(sender, request.into_whole(), interim, extended)))
            }
            Sender::Borrowed(stream) => {
                Way::Borrowed(Box::pin(h2::borrow(*stream, request.into_whole(), interim, encrypted)))
            }
        };
        Sending { way, timeout: HeaderTimeout::new(header_timeout), reused }
    }
}

/// A request under way.
struct Sending<F, G, H> {
    way: Way<F, G, H>,
    timeout: HeaderTimeout,
    reused: bool,
}

enum Way<F, G, H> {
    H1(OnH1),
    H2(Pin<Box<F>>),
    H3(Pin<Box<G>>),
    Borrowed(Pin<Box<H>>),
}

impl<F, G, H> Future for Sending<F, G, H>
where
    F: Future<Output = Result<Box<Answer>, Failure>>,
    G: Future<Output = Result<Box<Answer>, Failure>>,
    H: Future<Output = Result<Box<Answer>, Failure>>,
{
    type Output = Result<Box<Answer>, Box<Failure>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { way, timeout, reused } = self.get_mut();
        let polled = match way {
            Way::H1(exchange) => exchange.poll(cx),
            Way::H2(sending) => sending.as_mut().poll(cx),
            Way::H3(sending) => sending.as_mut().poll(cx),
            Way::Borrowed(sending) => sending.as_mut().poll(cx),
        };
        let sent = ready!(timeout.check(polled, cx)).unwrap_or_else(|| Err(Failure::timeout()));
        Poll::Ready(sent.map_err(|failure| Box::new(Failure { stale: failure.stale && *reused, ..failure })))
    }
}

/// A request under way on a connection of HTTP/1.1.
struct OnH1 {
    /// `None` once there is an answer, or none to be had.
    connection: Option<Box<H1>>,
    home: Option<Home>,
    interim: Interim,
}

impl OnH1 {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Box<Answer>, Failure>> {
        let Some(mut connection) = self.connection.take() else { return Poll::Pending };
        let mut head = None;
        let answered = match (connection.poll_head(&self.interim, &mut head, cx), &mut head) {
            (Poll::Pending, _) => {
                self.connection = Some(connection);
                return Poll::Pending;
            }
            (Poll::Ready(Ok(())), Some(head)) => connection.answered(head, self.home.take()),
            (Poll::Ready(Ok(())), None) => Err(connection.unanswered(Broken::Closed)),
            (Poll::Ready(Err(error)), _) => Err(connection.unanswered(error)),
        };
        Poll::Ready(answered.map_err(|Unanswered { error, unsent, silent }| {
            let (kind, stale) = (error.kind(), silent && error.is_end());
            Failure::new(kind, error, unsent, stale)
        }))
    }
}

/// The longest wait for the head of a response. Costs nothing where there is none.
struct HeaderTimeout(Option<Pin<Box<Sleep>>>);

impl HeaderTimeout {
    fn new(limit: Option<Duration>) -> Self {
        Self(limit.map(|limit| Box::pin(tokio::time::sleep(limit))))
    }

    /// What was waited for; `None` when that took too long.
    fn check<T>(&mut self, polled: Poll<T>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match (polled, &mut self.0) {
            (Poll::Ready(done), _) => Poll::Ready(Some(done)),
            (Poll::Pending, Some(sleep)) => sleep.as_mut().poll(cx).map(|()| None),
            (Poll::Pending, None) => Poll::Pending,
        }
    }
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

/// Goes with the body of a response on its way to the client. At its end the request no longer counts.
struct Streamed(Option<InFlight>);

impl Answer {
    /// Makes the body of the response count as in flight until its end. The count comes back if the body is here already.
    pub(in super::super) fn stream(&mut self, in_flight: InFlight) -> Option<InFlight> {
        let body = self.response.body_mut();
        if matches!(body, Body::Full(_)) || body.is_empty() {
            return Some(in_flight);
        }
        *body = Passing::boxed(std::mem::take(body), Streamed(Some(in_flight)));
        None
    }

    /// Reads the rest of a response that nobody wants, so that its connection can be used again. What is long, or takes
    /// longer than `limit`, is not worth that.
    pub(in super::super) async fn discard(self, limit: Duration) {
        let mut body = Limited::new(self.response.into_body(), DISCARDED);
        let end = async { while let Some(Ok(_)) = body.frame().await {} };
        // What is not read to its end is closed.
        _ = tokio::time::timeout(limit, end).await;
    }
}

/// Whether nothing follows in the body.
pub(super) fn is_last(polled: &Polled, body: &Body) -> bool {
    match polled {
        Poll::Ready(None) => true,
        // Whoever reads may not ask again after the last frame.
        Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
        Poll::Ready(Some(Err(_))) | Poll::Pending => false,
    }
}

impl Pass for Streamed {
    fn poll(&mut self, mut body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let polled = body.as_mut().poll_frame(cx);
        if is_last(&polled, &body) {
            self.0 = None;
        }
        if let (Poll::Ready(Some(Err(error))), Some(in_flight)) = (&polled, &self.0) {
            in_flight.broke_off(&**error);
        }
        polled
    }
}
