//! HTTP/3: QUIC is quinn's, the protocol is the crate `h3`, and each request is answered in a task of its own.

mod answer;
mod session;

use std::{
    cell::RefCell,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use caddis_h3::{self as protocol, Code, Role, Settings};
use http::{Request, Response};
use quinn::{Connecting, RecvStream, SendStream};

use self::answer::answer;
use super::{Activity, Busy, Endpoint, Engine, Limits, Service, unless_finished};
use crate::{
    http::{
        Body,
        body::BodyError,
        exchange::{Connection, TlsInfo},
        h3::{Ended, Link, Quota, close, webtransport},
        server::{Aborted, Stream},
    },
    listen::{Attempt, Control, Current, HalfOpen, canonical},
    logging::Logger,
    tls::quic as tls,
};

/// What a client may do in one WebTransport session: more than QUIC permits on its whole connection, so that one which does not
/// know limits of sessions is held back before it breaks them.
const SESSION: Quota = Quota { streams: 256, data: 32 << 20 };

/// Serves a client that wants to connect, until its connection ends.
pub(crate) async fn serve(attempt: Attempt, current: &Rc<Current>, control: &Control, logger: &Logger) {
    let remote = canonical(attempt.incoming.remote_address());
    let served: Result<(), Box<dyn std::error::Error>> = connect(attempt, current, control).await;
    if let Err(error) = served {
        logger.debug("connection ended with an error", |fields| {
            fields.add("remote", remote.to_string()).error(&*error);
        });
    }
}

/// A connection whose handshake is over, and how it is to be served.
struct Shaken {
    quic: quinn::Connection,
    limits: Limits,
    offer: Offer,
    local: Option<SocketAddr>,
}

/// `None` if there is none after all.
async fn shake(
    attempt: Attempt,
    current: &Current,
    control: &Control,
) -> Result<Option<Shaken>, Box<dyn std::error::Error>> {
    let Attempt { incoming, half_open } = attempt;
    let (limits, offer, (config, hopeless)) = {
        let endpoint = current.endpoint();
        let Some(endpoint) = &*endpoint else { return Ok(None) };
        let Some(tls) = &endpoint.tls else { return Ok(None) };
        let remote = incoming.remote_address().ip().to_canonical();
        let local = incoming.local_ip().map(|local| local.to_canonical());
        let config = tls::server_config(tls, &endpoint.transport, (Some(remote), local));
        let Endpoint { max_header_bytes, webtransport, .. } = **endpoint;
        (endpoint.limits, Offer { max_header_bytes, webtransport }, config)
    };
    let local = current.listener().local.map(|bound| match incoming.local_ip() {
        Some(ip) if bound.ip().is_unspecified() => canonical((ip, bound.port()).into()),
        _ => canonical(bound),
    });
    let connecting = handshake(incoming.accept_with(config)?, limits, half_open);
    let connected = async {
        tokio::select! {
            connected = connecting => connected.map(Some),
            () = hopeless.notified() => Ok(None),
        }
    };
    let Some(connected) = unless_finished(connected, control).await else { return Ok(None) };
    Ok(connected?.map(|quic| Shaken { quic, limits, offer, local }))
}

async fn connect(
    attempt: Attempt,
    current: &Rc<Current>,
    control: &Control,
) -> Result<(), Box<dyn std::error::Error>> {
    // In a box of its own, which the connection does not keep.
    let Some(shaken) = Box::pin(shake(attempt, current, control)).await? else { return Ok(()) };
    let Shaken { quic, limits, offer, local } = shaken;
    let connection = Connection::new(Some(canonical(quic.remote_address())), local, tls_info(&quic));
    let activity = Arc::new(Activity::new(true));
    let service =
        Service { activity: Arc::clone(&activity), current: Rc::clone(current), write: limits.write };
    let connection = RefCell::new(Arc::new(connection));
    let peer = quic.clone();
    let service = move |mut request: Request<Body>, stream| {
        let mut connection = connection.borrow_mut();
        let remote = canonical(peer.remote_address());
        let early = request.extensions_mut().remove::<Early>().is_some();
        // The client may have moved, or its handshake be over.
        if connection.remote != Some(remote) || connection.is_early() != early {
            let tls = connection.tls.clone().map(|tls| TlsInfo { early, ..tls });
            *connection = Arc::new(Connection::new(Some(remote), connection.local, tls));
        }
        service.answer(request, Some(stream), Arc::clone(&connection))
    };
    let engine = Http3::new(quic.clone(), &activity, limits, offer, service);
    let driven = super::drive(engine, &activity, &limits, control).await;
    close(&quic, Code::H3_NO_ERROR, "");
    Ok(driven?)
}

/// What a connection says about itself.
struct Offer {
    /// The most that the fields of a request may take; more are answered with 431.
    max_header_bytes: usize,
    webtransport: bool,
}

/// Waits for the end of the handshake, or for early data.
async fn handshake(
    mut connecting: Connecting,
    limits: Limits,
    half_open: HalfOpen,
) -> Result<quinn::Connection, Box<dyn std::error::Error>> {
    let over = async {
        let info = connecting.handshake_data().await?.downcast::<TlsInfo>();
        if !info.is_ok_and(|info| info.early) {
            return Ok(connecting.await?);
        }
        let (quic, over) = connecting.into_0rtt().map_err(|_| "a server can always go on")?;
        let peer = quic.clone();
        tokio::task::spawn_local(async move {
            if tokio::time::timeout(limits.handshake(), over).await.is_err() {
                close(&peer, Code::H3_NO_ERROR, "the handshake has taken too long");
            }
            drop(half_open);
        });
        Ok(quic)
    };
    tokio::time::timeout(limits.handshake(), over).await?
}

/// What the handshake has settled so far.
fn tls_info(quic: &quinn::Connection) -> Option<TlsInfo> {
    quic.handshake_data()?.downcast().ok().map(|info| *info)
}

/// Marks a request that came before the handshake was over.
#[derive(Debug, Clone)]
struct Early;

/// A connection.
pub(super) struct Http3 {
    engine: Pin<Box<dyn Future<Output = Result<(), Ended>>>>,
    link: Rc<Link>,
}

/// What the tasks of a connection have in common.
struct Shared {
    link: Rc<Link>,
    quic: quinn::Connection,
    activity: Arc<Activity>,
    limits: Limits,
}

impl Http3 {
    /// A connection whose handshake is over.
    fn new<S, F, B>(
        quic: quinn::Connection,
        activity: &Arc<Activity>,
        limits: Limits,
        offer: Offer,
        service: S,
    ) -> Self
    where
        S: Fn(Request<Body>, Stream) -> F + 'static,
        F: Future<Output = Result<Response<B>, Aborted>> + 'static,
        B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
    {
        let settings = Settings {
            max_field_section_size: Some(offer.max_header_bytes as u64),
            enable_connect_protocol: true,
            ..Settings::default()
        };
        let settings = if offer.webtransport { webtransport(settings, SESSION) } else { settings };
        let link = Link::new(quic.clone(), Role::Server, settings);
        let shared = Rc::new(Shared { link: Rc::clone(&link), quic, activity: Arc::clone(activity), limits });
        let service = Rc::new(service);
        let take = move |send, receive| take(&shared, send, receive, &service);
        Self { engine: Box::pin(Rc::clone(&link).run(take)), link }
    }
}

impl Future for Http3 {
    type Output = Result<(), Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.engine.as_mut().poll(cx)
    }
}

impl Engine for Http3 {
    type Error = Ended;

    const MULTIPLEXED: bool = true;

    fn finish(self: Pin<&mut Self>) {
        self.link.finish();
    }
}

impl Shared {
    /// Whether the handshake is not over.
    fn is_early(&self) -> bool {
        tls_info(&self.quic).is_some_and(|info| info.early)
    }
}

/// Takes a request.
fn take<S, F, B>(
    shared: &Rc<Shared>,
    send: SendStream,
    receive: RecvStream,
    service: &Rc<S>,
) -> Result<(), protocol::Error>
where
    S: Fn(Request<Body>, Stream) -> F + 'static,
    F: Future<Output = Result<Response<B>, Aborted>> + 'static,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    let early = receive.is_0rtt();
    if let Some((reading, outbound)) = shared.link.accept(send, receive, shared.limits.write_idle)? {
        let (shared, service) = (Rc::clone(shared), Rc::clone(service));
        tokio::task::spawn_local(answer(reading, outbound, early, shared, service));
    }
    Ok(())
}
