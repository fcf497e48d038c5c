//! The transport `http`: HTTP/1.1 and HTTP/2 to upstreams, in the clear or encrypted.

mod build;
mod connect;
mod exchange;
mod fastcgi;
mod limits;
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
    /// Whether the request wants to switch protocols, which HTTP/1.1 alone can do.
    pub(super) upgrade: bool,
    /// The client, for the PROXY protocol.
    pub(super) client: Option<IpAddr>,
    /// Values for placeholders.
    pub(super) scope: Scope<'a>,
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
        let multiplexed = !wanted.upgrade && if tls.is_some() { self.versions.h2 } else { self.versions.h2c };
        let key = Key {
            transport: self.id,
            dial: Arc::clone(wanted.dial),
            upgradable: wanted.upgrade && (self.limits.any() || tls.is_some() && self.versions.h2),
            purpose: self.purpose(&server_name, wanted.client),
        };
        let (keep, encrypted) = (self.keep, tls.is_some());
        if keep.is_some() {
            let waiting = pool::take(&key).map(Sender::H1);
            let shared = || pool::shared(&key).filter(|_| multiplexed).map(Sender::H2);
            if let Some(sender) = waiting.or_else(shared) {
                return Ok(Connection { sender, key, keep, reused: true, encrypted });
            }
        }
        // Boxed because it is large and rare: the futures of requests that find a connection stay small.
        let opening = Box::pin(self.connect(&wanted, tls.zip(server_name), multiplexed));
        let sender = opening.await?;
        if let (Sender::H2(sender), Some(keep)) = (&sender, keep) {
            pool::share(key.clone(), sender.clone(), keep.idle_timeout);
        }
        Ok(Connection { sender, key, keep, reused: false, encrypted })
    }

    async fn connect(
        &self,
        wanted: &Wanted<'_>,
        tls: Option<(&Tls, String)>,
        multiplexed: bool,
    ) -> Result<Sender, Error> {
        let opened = match self.dialer.connect(wanted.dial).await? {
            Socket::Tcp(stream) => self.open(stream, tls, wanted, multiplexed).await,
            Socket::Unix(stream) => self.open(stream, tls, wanted, multiplexed).await,
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
    async fn open<S>(
        &self,
        mut socket: S,
        tls: Option<(&Tls, String)>,
        wanted: &Wanted<'_>,
        multiplexed: bool,
    ) -> io::Result<Sender>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(protocol) = self.proxy_protocol {
            protocol.announce(&mut socket, wanted.client).await?;
        }
        if self.limits.any() && !wanted.upgrade {
            let socket = Limited::new(socket, self.limits);
            return self.secure(socket, tls, multiplexed).await;
        }
        self.secure(socket, tls, multiplexed).await
    }

    /// The same beyond what is sent in the clear.
    async fn secure<S>(&self, socket: S, tls: Option<(&Tls, String)>, multiplexed: bool) -> io::Result<Sender>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some((tls, name)) = tls else {
            return if multiplexed { self.open_h2(socket).await } else { self.open_h1(socket).await };
        };
        let handshake = tls.handshake(socket, &name, multiplexed, self.versions.h1);
        let stream = match tls.handshake_timeout {
            Some(limit) => within(limit, handshake).await?,
            None => handshake.await?,
        };
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        if h2 { self.open_h2(stream).await } else { self.open_h1(stream).await }
    }

    async fn open_h1<S>(&self, stream: S) -> io::Result<Sender>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(Gathered(stream));
        let (sender, connection) = self.h1.handshake(io).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            // The request that is under way on it learns what happens to a connection.
            drop(connection.with_upgrades().await);
        });
        Ok(Sender::H1(sender))
    }

    async fn open_h2<S>(&self, stream: S) -> io::Result<Sender>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = self.h2.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            // As above.
            drop(connection.await);
        });
        Ok(Sender::H2(sender))
    }
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
