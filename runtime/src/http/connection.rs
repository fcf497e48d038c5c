//! One client connection, from the accepted socket to the end of its last request.

mod activity;
mod h1;
pub(crate) mod h2;
mod h3;
mod interim;
pub(crate) mod outgoing;
mod stream;

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::Request;
use tokio::time::{Instant, Sleep};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::h1::whole;
pub(crate) use self::{
    activity::{Activity, Busy, Limits},
    h1::{Http1, Wire},
    h2::Http2,
    h3::serve as serve_quic,
    interim::{InterimSender, InterimTarget},
    stream::{read_from, write_to},
};
pub use self::{
    h1::Incoming,
    h2::Received,
    stream::{Plain, Socket, Stream, Watched},
};
use super::{
    Body, Exchange,
    exchange::Connection,
    server::{self, Aborted, ReplyBody, Server},
};
use crate::{
    listen::{Control, Current, KeepAlive, canonical},
    listeners::Wrappers,
    logging::Logger,
    tls::Terminator,
};

/// The preface of HTTP/2 without TLS (RFC 9113, section 3.4).
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What Go's server allows on top of the configured size of a request's head.
const HEAD_SLOP: usize = 4096;

/// What answers on a listener.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Who answers requests.
    pub server: Arc<Server>,
    /// Who encrypts connections; `None` for plain HTTP.
    pub tls: Option<Arc<Terminator>>,
    /// What happens to connections first.
    pub(crate) wrappers: Arc<Wrappers>,
    /// What is spoken.
    pub protocols: Protocols,
    /// Probes of silent connections.
    pub keepalive: KeepAlive,
    /// What open connections have agreed to, in any notation: when it changes they have to be opened anew.
    pub terms: Arc<str>,
    /// Largest head of a request in bytes.
    pub max_header_bytes: usize,
    pub(crate) limits: Limits,
    /// Whether connections of HTTP/3 may carry WebTransport sessions.
    pub(crate) webtransport: bool,
    /// How connections of QUIC are treated.
    pub(crate) transport: Arc<quinn::TransportConfig>,
}

/// Versions of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocols {
    /// HTTP/1.1 and 1.0.
    pub h1: bool,
    /// HTTP/2 over TLS.
    pub h2: bool,
    /// HTTP/2 without TLS.
    pub h2c: bool,
    /// HTTP/3.
    pub h3: bool,
}

impl Protocols {
    /// Whether any of them is spoken over streams of bytes.
    pub(crate) fn over_streams(self) -> bool {
        self.h1 || self.h2 || self.h2c
    }
}

/// Serves an accepted connection until it ends.
pub(crate) async fn serve(socket: Socket, current: &Rc<Current>, control: &Control, logger: &Logger) {
    let remote = match &socket {
        Socket::Tcp(_, peer) => Some(canonical(*peer)),
        Socket::Unix(_) => None,
    };
    let local = local_address(&socket, current).map(canonical);
    let settings = match &*current.endpoint() {
        Some(endpoint) => Settings::new(endpoint),
        None => return,
    };
    let (limits, head) = (settings.limits, settings.max_header_bytes);
    let served = async {
        let plain = Plain::from(socket);
        let prepared = if settings.is_trivial() {
            Some(Prepared::plain(plain, remote, local))
        } else {
            // In a box, so that an idle connection does not keep the room that a handshake needs.
            let preparing = Box::pin(prepare(plain, remote, local, settings));
            let preparing = tokio::time::timeout(limits.handshake(), preparing);
            let Some(Ok(prepared)) = unless_finished(preparing, control).await else { return Ok(()) };
            prepared?
        };
        let Some(Prepared { stream, connection, http2 }) = prepared else { return Ok(()) };
        run(stream, http2, connection, current, head, &limits, control).await
    };
    let outcome: Result<(), Box<dyn std::error::Error>> = served.await;
    if let Err(error) = outcome {
        logger.debug("connection ended with an error", |fields| {
            fields.add("remote", remote.map(|peer| peer.to_string()).unwrap_or_default()).error(&*error);
        });
    }
}

/// The result of what comes before the first request; `None` when the connection is told to end before.
async fn unless_finished<T>(preparing: impl Future<Output = T>, control: &Control) -> Option<T> {
    let mut preparing = pin!(preparing);
    poll_fn(|cx| {
        if control.finish(cx.waker()) {
            return Poll::Ready(None);
        }
        preparing.as_mut().poll(cx).map(Some)
    })
    .await
}

/// What a connection takes from its endpoint, so that it does not hold on to a configuration.
struct Settings {
    tls: Option<Arc<Terminator>>,
    wrappers: Arc<Wrappers>,
    protocols: Protocols,
    max_header_bytes: usize,
    limits: Limits,
}

impl Settings {
    fn new(endpoint: &Endpoint) -> Self {
        let Endpoint { tls, wrappers, protocols, max_header_bytes, limits, .. } = endpoint;
        Self {
            tls: tls.clone(),
            wrappers: Arc::clone(wrappers),
            protocols: *protocols,
            max_header_bytes: *max_header_bytes,
            limits: *limits,
        }
    }

    /// Whether every connection is HTTP/1.1 from its first byte on.
    fn is_trivial(&self) -> bool {
        let Wrappers { proxy_protocol, http_redirect: _ } = &*self.wrappers;
        self.tls.is_none() && proxy_protocol.is_none() && self.protocols.h1 && !self.protocols.h2c
    }
}

struct Prepared {
    stream: Stream,
    connection: Connection,
    http2: bool,
}

impl Prepared {
    fn plain(plain: Plain, remote: Option<SocketAddr>, local: Option<SocketAddr>) -> Self {
        Self { stream: Stream::Plain(plain), connection: Connection::new(remote, local, None), http2: false }
    }
}

/// Finds out who the client is and what it speaks; `None` when that is not served here.
async fn prepare(
    mut plain: Plain,
    mut remote: Option<SocketAddr>,
    mut local: Option<SocketAddr>,
    settings: Settings,
) -> std::io::Result<Option<Prepared>> {
    let Settings { tls, wrappers, protocols, .. } = settings;
    if let Some(wrapper) = &wrappers.proxy_protocol
        && let Some((client, server)) = wrapper.read(&mut plain, remote.map(|remote| remote.ip())).await?
    {
        (remote, local) = (Some(client), Some(server));
    }
    if let Some(terminator) = &tls {
        if plain.begins_with_request().await? {
            match &wrappers.http_redirect {
                Some(wrapper) => wrapper.answer(&mut plain).await?,
                None => plain.ask_for_tls().await?,
            }
            return Ok(None);
        }
        let ends = (remote.map(|remote| remote.ip()), local.map(|local| local.ip()));
        let Some((stream, info)) = terminator.accept(plain, ends).await? else { return Ok(None) };
        let http2 = info.alpn == "h2";
        let served = if http2 { protocols.h2 } else { protocols.h1 };
        let connection = Connection::new(remote, local, Some(info));
        return Ok(served.then(|| Prepared { stream: Stream::Tls(Box::new(stream)), connection, http2 }));
    }
    let http2 = protocols.h2c && {
        let verdict = |seen: &[u8]| match seen {
            _ if seen.starts_with(H2_PREFACE) => Some(true),
            _ if H2_PREFACE.starts_with(seen) => None,
            _ => Some(false),
        };
        plain.look_ahead(H2_PREFACE.len(), verdict).await?.unwrap_or(false)
    };
    let served = http2 || protocols.h1;
    Ok(served.then(|| Prepared { http2, ..Prepared::plain(plain, remote, local) }))
}

fn local_address(socket: &Socket, current: &Current) -> Option<SocketAddr> {
    match socket {
        Socket::Unix(_) => None,
        Socket::Tcp(stream, _) => {
            let bound = current.listener().local.filter(|local| !local.ip().is_unspecified());
            bound.or_else(|| stream.local_addr().ok())
        }
    }
}

async fn run(
    stream: Stream,
    http2: bool,
    connection: Connection,
    current: &Rc<Current>,
    max_header_bytes: usize,
    limits: &Limits,
    control: &Control,
) -> Result<(), Box<dyn std::error::Error>> {
    let activity = Arc::new(Activity::new(http2));
    let connection = Arc::new(connection);
    let stream = Watched::new(stream, Arc::clone(&activity));
    // Requests of HTTP/1.1 are limited by what their connection does; on streams each has its own time.
    let write = limits.write.filter(|_| http2);
    let service = Service { activity: Arc::clone(&activity), current: Rc::clone(current), write };
    let service = move |request, stream| service.answer(request, stream, Arc::clone(&connection));
    if http2 {
        let service = move |request, stream| service(request, Some(stream));
        let engine = Http2::new(stream, &activity, max_header_bytes, service);
        // In a box, because it is larger than the engine of HTTP/1.1 and would make room for itself there too.
        Box::pin(drive(engine, &activity, limits, control)).await?;
    } else {
        let engine = Http1::new(stream, &activity, max_header_bytes + HEAD_SLOP, service);
        drive(engine, &activity, limits, control).await?;
    }
    Ok(())
}

/// Answers the requests of a connection.
struct Service {
    activity: Arc<Activity>,
    current: Rc<Current>,
    /// How long the answer to one may take. Only where requests overlap; elsewhere the connection has its own deadline.
    write: Option<Duration>,
}

impl Service {
    /// Answers a request by what answers on the listener now.
    fn answer(
        &self,
        request: Request<Body>,
        stream: Option<server::Stream>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Result<http::Response<ReplyBody>, Aborted>> + use<> {
        let busy = Busy::begin(&self.activity);
        let (parts, body) = request.into_parts();
        // In a box, so that it stays where it is, and the future is small.
        let mut exchange = Box::new(Exchange::new(parts, body, connection));
        if let Some(stream) = stream {
            stream.lend(&mut exchange);
        }
        let (endpoint, write) = (self.current.endpoint(), self.write);
        async move {
            let Some(endpoint) = &*endpoint else { return Err(Aborted) };
            let deadline = write.map(|write| Instant::now() + write);
            let serving = endpoint.server.serve(exchange, busy, deadline);
            match deadline {
                Some(deadline) => {
                    let serving = Box::pin(tokio::time::timeout_at(deadline, serving));
                    serving.await.map_err(|_| Aborted)?
                }
                None => serving.await,
            }
        }
    }
}

/// The HTTP engine of one connection.
trait Engine: Future<Output = Result<(), Self::Error>> {
    type Error;

    /// Whether requests overlap.
    const MULTIPLEXED: bool;

    /// Takes no further requests.
    fn finish(self: Pin<&mut Self>);
}

/// Runs an engine until it is done, is told to stop, or exceeds a limit.
async fn drive<E: Engine>(
    engine: E,
    activity: &Activity,
    limits: &Limits,
    control: &Control,
) -> Result<(), E::Error> {
    let mut engine = pin!(engine);
    let mut timer: Pin<&mut Option<Sleep>> = pin!(None);
    let mut finishing = false;
    poll_fn(|cx| {
        if control.cut() {
            return Poll::Ready(Ok(()));
        }
        let told = control.finish(cx.waker());
        if told && !finishing {
            finishing = true;
            engine.as_mut().finish();
        }
        if let Poll::Ready(done) = engine.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        // The timer is only ever moved to an earlier time before it fires, so that a request usually costs none of it.
        loop {
            let fired = timer.as_ref().as_pin_ref().is_some_and(|timer| timer.is_elapsed());
            let Some(deadline) = activity.deadline(limits).map(Instant::from_std) else {
                if fired {
                    timer.set(None);
                }
                return Poll::Pending;
            };
            let armed = timer.as_ref().as_pin_ref().map(|timer| timer.deadline());
            if !fired && armed.is_some_and(|armed| armed <= deadline) {
                return Poll::Pending;
            }
            if deadline <= Instant::now() {
                if !E::MULTIPLEXED || finishing {
                    return Poll::Ready(Ok(()));
                }
                finishing = true;
                engine.as_mut().finish();
                if let Poll::Ready(done) = engine.as_mut().poll(cx) {
                    return Poll::Ready(done);
                }
                return Poll::Pending;
            }
            match timer.as_mut().as_pin_mut() {
                Some(timer) => timer.reset(deadline),
                None => timer.set(Some(tokio::time::sleep_until(deadline))),
            }
            let armed = timer.as_mut().as_pin_mut().expect("it was set in the lines above");
            if armed.poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}
