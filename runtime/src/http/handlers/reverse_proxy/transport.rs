//! The transport `http`: HTTP/1.1 and HTTP/2 to upstreams, in the clear or encrypted.

mod build;
mod connect;
mod exchange;
mod extended_connect;
mod fastcgi;
mod limits;
mod offer;
mod pool;
mod proxy_protocol;
mod tls;

use std::{future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use caddis_config::http::reverse_proxy::Transport as Config;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use self::{
    connect::{Dialer, Socket, within},
    exchange::Sender,
    limits::{Limited, Limits},
    offer::{Offer, Sniffed},
    pool::{Keep, Key},
    proxy_protocol::ProxyProtocol,
    tls::Tls,
};
pub(super) use self::{
    exchange::{Answer, Connection},
    fastcgi::{FastCgi, REQUEST_BUFFERS as FASTCGI_REQUEST_BUFFERS},
};
use super::dial::Dial;
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Body, gathered::Gathered},
    placeholder::Scope,
};

/// A protocol between proxy and upstream.
#[derive(Debug)]
pub(super) enum Transport {
    Http(Arc<HttpTransport>),
    FastCgi(Box<FastCgi>),
}

impl Transport {
    /// # Errors
    /// When something is invalid or not supported.
    pub(super) fn build(config: Option<&Config>, cx: &mut Build) -> Result<Self, BuildError> {
        match config {
            None => HttpTransport::build(&Default::default(), cx).map(Arc::new).map(Self::Http),
            Some(Config::Http(http)) => HttpTransport::build(http, cx).map(Arc::new).map(Self::Http),
            Some(Config::FastCgi(fastcgi)) => FastCgi::build(fastcgi, cx).map(Box::new).map(Self::FastCgi),
            Some(Config::Foreign(module)) => Err(cx.unsupported(&format!("transport {}", module.name))),
        }
    }
}

/// How requests get to upstreams by HTTP.
#[derive(Debug)]
pub(super) struct HttpTransport {
    /// Equal transports share connections, also across reloads.
    id: u64,
    dialer: Dialer,
    /// `None` closes each connection after its request.
    keep: Option<Keep>,
    tls: Option<Tls>,
    versions: Versions,
    /// The longest wait of a single read or write. Tunnels have none: their own options say how long they live.
    limits: Limits,
    /// The longest wait for the head of a response.
    header_timeout: Option<Duration>,
    proxy_protocol: Option<ProxyProtocol>,
    h1: http1::Builder,
    h2: http2::Builder<LocalExecutor>,
}

/// What may be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Versions {
    h1: bool,
    /// HTTP/2, negotiated by TLS.
    h2: bool,
    /// HTTP/2 without TLS.
    h2c: bool,
}

/// What a request needs of its connection.
pub(super) struct Wanted<'a> {
    pub(super) dial: &'a Arc<Dial>,
    /// Whether the request wants to switch protocols.
    pub(super) upgrade: Option<Upgrade>,
    /// The client, for the PROXY protocol.
    pub(super) client: Option<IpAddr>,
    /// Values for placeholders.
    pub(super) scope: Scope<'a>,
}

/// What a request wants to switch to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// Can be a stream of HTTP/2, too.
    WebSocket,
    /// Takes HTTP/1.1.
    Other,
}

/// How a connection is opened.
struct Way<'a> {
    /// TLS, and the name to ask for.
    tls: Option<(&'a Tls, String)>,
    /// Whether HTTP/2 may be spoken.
    h2: bool,
    /// Whether reads and writes are limited.
    limited: bool,
}

impl HttpTransport {
    /// Whether the transport knows TLS at all: then upstreams get their own name as `Host`.
    pub(super) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// A connection for one request: one that waits in the pool, or a new one.
    ///
    /// # Errors
    /// When none can be made. Nothing of a request has been sent then.
    pub(super) async fn connection(&self, wanted: Wanted<'_>) -> Result<Connection, Error> {
        let tls = self.tls.as_ref().filter(|tls| !tls.except_ports.contains(&wanted.dial.port()));
        let server_name = tls.map(|tls| tls.server_name(wanted.dial, wanted.scope));
        let upgrade = wanted.upgrade.is_some();
        let h2 = if tls.is_some() { self.versions.h2 } else { self.versions.h2c };
        let multiplexed = h2 && !upgrade;
        let key = Key {
            transport: self.id,
            dial: Arc::clone(wanted.dial),
            upgradable: upgrade && (self.limits.any() || tls.is_some() && self.versions.h2),
            purpose: self.purpose(&server_name, wanted.client),
        };
        let (keep, encrypted) = (self.keep, tls.is_some());
        // Limits of reads and writes would cut idle streams.
        if wanted.upgrade == Some(Upgrade::WebSocket) && h2 && !self.limits.any() {
            let way = Way { tls: tls.zip(server_name.clone()), h2: true, limited: false };
            let extended = Box::pin(self.extended(&wanted, way, &key));
            if let Some(connection) = extended.await? {
                return Ok(connection);
            }
        }
        if keep.is_some() {
            let waiting = pool::take(&key).map(Sender::H1);
            let shared = || pool::shared(&key).filter(|_| multiplexed).map(Sender::H2);
            if let Some(sender) = waiting.or_else(shared) {
                return Ok(Connection { sender, key, keep, reused: true, encrypted, extended: false });
            }
        }
        // Boxed because it is large and rare: the futures of requests that find a connection stay small.
        let way = Way { tls: tls.zip(server_name), h2: multiplexed, limited: self.limits.any() && !upgrade };
        let opening = Box::pin(self.connect(&wanted, way));
        let sender = match opening.await? {
            Opened::H1(sender) => Sender::H1(sender),
            Opened::H2(sender, offer) => {
                if let Some(keep) = keep {
                    pool::share(key.clone(), sender.clone(), offer, keep.idle_timeout);
                }
                Sender::H2(sender)
            }
        };
        Ok(Connection { sender, key, keep, reused: false, encrypted, extended: false })
    }

    /// A connection on which a WebSocket is a stream of HTTP/2, if the upstream offers that (RFC 8441); one of HTTP/1.1
    /// if it does not even speak HTTP/2. `None` if only an upgrade of HTTP/1.1 will do, on another connection.
    async fn extended(
        &self,
        wanted: &Wanted<'_>,
        way: Way<'_>,
        upgradable: &Key,
    ) -> Result<Option<Connection>, Error> {
        let (keep, encrypted) = (self.keep, way.tls.is_some());
        let key = Key { upgradable: false, ..upgradable.clone() };
        let known = keep.and_then(|_| pool::shared(&key).zip(pool::offer(&key)));
        let reused = known.is_some();
        let (sender, mut offer) = match known {
            Some(known) => known,
            None => match self.connect(wanted, way).await? {
                Opened::H1(sender) => {
                    let (sender, key) = (Sender::H1(sender), upgradable.clone());
                    return Ok(Some(Connection { sender, key, keep, reused, encrypted, extended: false }));
                }
                Opened::H2(sender, offer) => {
                    if let Some(keep) = keep {
                        pool::share(key.clone(), sender.clone(), offer.clone(), keep.idle_timeout);
                    }
                    (sender, offer)
                }
            },
        };
        let told = tokio::time::timeout(self.dialer.timeout, offer.wait_for(Option::is_some)).await;
        let offered = matches!(told, Ok(Ok(offered)) if *offered == Some(true));
        let sender = Sender::H2(sender);
        Ok(offered.then_some(Connection { sender, key, keep, reused, encrypted, extended: true }))
    }

    async fn connect(&self, wanted: &Wanted<'_>, way: Way<'_>) -> Result<Opened, Error> {
        let opened = match self.dialer.connect(wanted.dial).await? {
            Socket::Tcp(stream) => self.open(stream, way, wanted.client).await,
            Socket::Unix(stream) => self.open(stream, way, wanted.client).await,
        };
        opened.map_err(|error| Error::new(Kind::Dial, format!("dial {}", wanted.dial)).because(error))
    }

    /// What sets a connection apart beside its address.
    fn purpose(&self, server_name: &Option<String>, client: Option<IpAddr>) -> Option<Arc<str>> {
        let name = server_name.as_deref().filter(|_| self.tls.as_ref().is_some_and(Tls::varies));
        match (name, self.proxy_protocol) {
            (None, None) => None,
            (Some(name), None) => Some(name.into()),
            (name, Some(_)) => Some(format!("{}\n{client:?}", name.unwrap_or_default()).into()),
        }
    }

    /// Brings a fresh socket to where requests can be sent on it.
    async fn open<S>(&self, mut socket: S, way: Way<'_>, client: Option<IpAddr>) -> io::Result<Opened>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(protocol) = self.proxy_protocol {
            protocol.announce(&mut socket, client).await?;
        }
        if way.limited {
            return self.secure(Limited::new(socket, self.limits), way).await;
        }
        self.secure(socket, way).await
    }

    /// The same beyond what is sent in the clear.
    async fn secure<S>(&self, socket: S, way: Way<'_>) -> io::Result<Opened>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some((tls, name)) = way.tls else {
            return if way.h2 { self.open_h2(socket).await } else { self.open_h1(socket).await };
        };
        let handshake = tls.handshake(socket, &name, way.h2, self.versions.h1);
        let stream = match tls.handshake_timeout {
            Some(limit) => within(limit, handshake).await?,
            None => handshake.await?,
        };
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        if h2 { self.open_h2(stream).await } else { self.open_h1(stream).await }
    }

    async fn open_h1<S>(&self, stream: S) -> io::Result<Opened>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(Gathered(stream));
        let (sender, connection) = self.h1.handshake(io).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            // The request that is under way on it learns what happens to a connection.
            drop(connection.with_upgrades().await);
        });
        Ok(Opened::H1(sender))
    }

    async fn open_h2<S>(&self, stream: S) -> io::Result<Opened>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (stream, offer) = Sniffed::new(stream);
        let (sender, connection) = self.h2.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            // As above.
            drop(connection.await);
        });
        Ok(Opened::H2(sender, offer))
    }
}

/// A fresh connection.
enum Opened {
    H1(http1::SendRequest<Body>),
    H2(http2::SendRequest<Body>, Offer),
}

/// Runs what belongs to a connection on the shard of the connection.
#[derive(Debug, Clone, Copy)]
struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// HTTP/2 with windows that do not slow down a single large response.
fn h2_builder() -> http2::Builder<LocalExecutor> {
    const STREAM_WINDOW: u32 = 4 << 20;
    const CONNECTION_WINDOW: u32 = 16 << 20;
    let mut builder = http2::Builder::new(LocalExecutor);
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
}

/// The type that all connections carry.
type Request = hyper::Request<Body>;
