//! The transport `http`: HTTP/1.1, HTTP/2 and HTTP/3 to upstreams, in the clear or encrypted.

mod between;
mod borrow;
mod build;
mod connect;
mod exchange;
mod expect;
mod extended_connect;
mod fastcgi;
mod gzip;
mod h1;
mod h2;
mod h3;
mod known;
mod limits;
mod network_proxy;
mod offer;
mod outgoing;
mod places;
mod pool;
mod proxy_protocol;
mod relay;
mod streamed;
mod tls;
mod wire;

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use caddis_config::http::reverse_proxy::Transport as Config;
use tokio::io::BufStream;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::h1::whole;
pub(crate) use self::places::{Connections, Place as ConnectionPlace};
pub(super) use self::{
    between::Interim,
    exchange::{Answer, Connection},
    fastcgi::{FastCgi, REQUEST_BUFFERS as FASTCGI_REQUEST_BUFFERS},
    outgoing::{Lent, Outgoing},
};
use self::{
    borrow::Borrowed,
    connect::{Dialer, Socket, within},
    exchange::Sender,
    h1::{H1, Line},
    h3::Quic,
    limits::{Limited, Limits},
    network_proxy::{NetworkProxy, ProxyServer},
    offer::{Offer, Sniffed},
    places::{Entered, Open, Place},
    pool::{Home, Keep, Key, Multiplexed},
    proxy_protocol::ProxyProtocol,
    tls::Tls,
    wire::Wire,
};
use super::dial::Dial;
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::Body,
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
    /// How HTTP/3 is spoken, and then nothing else.
    quic: Option<Quic>,
    /// The longest wait of a single read or write. Tunnels have none: their own options say how long they live.
    limits: Limits,
    /// The longest wait for the head of a response.
    header_timeout: Option<Duration>,
    proxy_protocol: Option<ProxyProtocol>,
    network_proxy: NetworkProxy,
    /// Those of all shards together.
    connections: Arc<Connections>,
    /// Whether there is a limit of connections to one upstream.
    is_limited: bool,
    /// Sizes of buffers for reading and writing, where they are given.
    buffers: Option<(usize, usize)>,
    /// How long a body waits until the upstream wants it.
    continue_timeout: Option<Duration>,
    /// Whether upstreams are asked for gzip.
    compression: bool,
    /// The longest head of a response of HTTP/1.1, in bytes.
    most_head: usize,
    h2: ::h2::client::Builder,
}

/// What may be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Versions {
    h1: bool,
    /// HTTP/2, negotiated by TLS.
    h2: bool,
    /// HTTP/2 without TLS.
    h2c: bool,
    /// HTTP/3, and then nothing else.
    h3: bool,
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
    /// Can be a stream of HTTP/2 or HTTP/3, too.
    WebSocket,
    /// Is more than a stream, and takes HTTP/3.
    WebTransport,
    /// Takes HTTP/1.1.
    Other,
}

/// What connection a request gets.
struct Plan<'a> {
    wanted: Wanted<'a>,
    key: Key,
    /// TLS, and the name to ask for.
    tls: Option<(&'a Tls, String)>,
    proxy: Option<Arc<ProxyServer>>,
    /// Whether the proxy gets whole requests in place of a tunnel.
    requests: bool,
    /// Whether a connection of HTTP/2 or HTTP/3 will do.
    multiplexed: bool,
    /// Whether a stream of such a connection is to be tried first.
    extended: bool,
}

impl Plan<'_> {
    fn into_connection(self, keep: Option<Keep>, sender: Sender, reused: bool) -> Connection {
        let Self { wanted, key, tls, proxy, requests, .. } = self;
        Connection {
            sender,
            dial: Arc::clone(wanted.dial),
            home: keep.map(|keep| Home::Here(key, keep)),
            reused,
            encrypted: tls.is_some(),
            extended: false,
            forward: proxy.filter(|_| requests),
        }
    }
}

/// How a connection is opened.
struct Way {
    /// Whether HTTP/2 may be spoken.
    h2: bool,
    /// Whether nothing may stand between a stream and the socket: no limits, no buffers.
    bare: bool,
    held: Held,
}

/// Held for as long as the connection is open.
#[derive(Default)]
struct Held {
    place: Option<Box<Place>>,
    open: Option<Open>,
}

impl HttpTransport {
    /// Whether the transport knows TLS at all: then upstreams get their own name as `Host`.
    pub(super) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether WebTransport sessions can be had.
    pub(super) fn takes_sessions(&self) -> bool {
        self.quic.is_some()
    }

    /// A connection for one request: one that waits in the pool, or a new one.
    ///
    /// # Errors
    /// When none can be made. Nothing of a request has been sent then.
    pub(super) async fn connection(&self, wanted: Wanted<'_>) -> Result<Connection, Error> {
        let plan = match self.quic {
            None => self.plan(wanted)?,
            Some(_) => self.plan_h3(wanted)?,
        };
        if !self.is_limited
            && !plan.extended
            && let Some(sender) = self.keep.and_then(|_| pool::any(&plan.key, plan.multiplexed))
        {
            return Ok(plan.into_connection(self.keep, sender, true));
        }
        // Boxed because it is large and rare: the futures of requests that find a connection stay small.
        Box::pin(self.fresh(plan)).await
    }

    fn plan<'a>(&'a self, wanted: Wanted<'a>) -> Result<Plan<'a>, Error> {
        let tls = self.tls.as_ref().filter(|tls| !tls.except_ports.contains(&wanted.dial.port()));
        let server_name = tls.map(|tls| tls.server_name(wanted.dial, wanted.scope));
        let proxy = self.network_proxy.find(wanted.dial, tls.is_some(), wanted.scope)?;
        let upgrade = wanted.upgrade.is_some();
        let h2 = if tls.is_some() { self.versions.h2 } else { self.versions.h2c };
        let key = Key {
            transport: self.id,
            dial: Arc::clone(wanted.dial),
            upgradable: upgrade && (self.is_fitted() || proxy.is_some() || tls.is_some() && self.versions.h2),
            purpose: self.purpose(&server_name, wanted.client, proxy.as_deref()),
        };
        let tunnel = tls.is_some() || upgrade || h2 || self.proxy_protocol.is_some();
        Ok(Plan {
            tls: tls.zip(server_name),
            requests: !tunnel && proxy.as_ref().is_some_and(|proxy| proxy.takes_requests()),
            proxy,
            multiplexed: h2 && !upgrade,
            // Limits of reads and writes would cut idle streams.
            extended: wanted.upgrade == Some(Upgrade::WebSocket)
                && h2
                && !self.limits.any()
                && !self.is_limited,
            key,
            wanted,
        })
    }

    /// A connection that is not simply taken from the pool.
    async fn fresh(&self, plan: Plan<'_>) -> Result<Connection, Error> {
        if let Some(quic) = &self.quic {
            return self.over_quic(quic, plan).await;
        }
        if plan.extended {
            match self.extended(&plan).await? {
                Extended::Stream(sender, reused) => {
                    let connection = plan.into_connection(None, Sender::H2(sender), reused);
                    return Ok(Connection { extended: true, ..connection });
                }
                Extended::Upgrade(connection) => {
                    return Ok(plan.into_connection(self.keep, Sender::H1(connection), false));
                }
                Extended::Neither => {}
            }
        }
        if let Some(keep) = self.keep {
            if (self.is_limited || plan.extended)
                && let Some(sender) = pool::any(&plan.key, plan.multiplexed)
            {
                return Ok(plan.into_connection(self.keep, sender, true));
            }
            if let Some(sender) = borrow::returned(&plan.key, plan.multiplexed).await {
                return Ok(plan.into_connection(self.keep, sender, true));
            }
            // Streams take their connection with them.
            if plan.wanted.upgrade.is_none()
                && let Some(borrowed) =
                    borrow::borrow(&self.connections, &plan.key, plan.multiplexed, keep).await
            {
                let (sender, home) = match borrowed {
                    Borrowed::H1(connection, away) => (Sender::H1(connection), Some(Home::Away(away))),
                    Borrowed::H2(stream) => (Sender::Borrowed(stream), None),
                };
                return Ok(Connection { home, ..plan.into_connection(None, sender, true) });
            }
        }
        let place = match self.connections.enter(&plan.key, plan.multiplexed).await {
            Entered::Kept(sender) => return Ok(plan.into_connection(self.keep, sender, true)),
            Entered::New(place) => place,
        };
        let held = Held { place, open: self.opening(&plan.key) };
        let way = Way { h2: plan.multiplexed, bare: plan.wanted.upgrade.is_some(), held };
        let sender = match self.connect(&plan, way).await? {
            Opened::H1(connection) => Sender::H1(connection),
            Opened::H2(sender, offer) => {
                if let Some(keep) = self.keep {
                    let shared = Multiplexed::H2(sender.clone(), offer);
                    pool::share(plan.key.clone(), shared, keep.idle_timeout);
                }
                Sender::H2(sender)
            }
        };
        Ok(plan.into_connection(self.keep, sender, false))
    }

    /// Makes a connection that will be kept known to this and the other shards.
    fn opening(&self, key: &Key) -> Option<Open> {
        self.keep?;
        pool::know(self.id, &self.connections);
        self.connections.opening(key)
    }

    /// Whether connections have limits or buffers that would be in the way of a stream.
    fn is_fitted(&self) -> bool {
        self.limits.any() || self.buffers.is_some()
    }

    /// A connection on which a WebSocket is a stream of HTTP/2, if the upstream offers that (RFC 8441); one of HTTP/1.1
    /// if it does not even speak HTTP/2.
    async fn extended(&self, plan: &Plan<'_>) -> Result<Extended, Error> {
        let key = Key { upgradable: false, ..plan.key.clone() };
        let known = self.keep.and_then(|_| pool::shared(&key));
        let reused = known.is_some();
        let (sender, mut offer) = match known {
            Some(Multiplexed::H2(sender, offer)) => (sender, offer),
            Some(Multiplexed::H3(_)) | None => {
                let held = Held { place: None, open: self.opening(&key) };
                match self.connect(plan, Way { h2: true, bare: true, held }).await? {
                    Opened::H1(connection) => return Ok(Extended::Upgrade(connection)),
                    Opened::H2(sender, offer) => {
                        if let Some(keep) = self.keep {
                            let shared = Multiplexed::H2(sender.clone(), offer.clone());
                            pool::share(key.clone(), shared, keep.idle_timeout);
                        }
                        (sender, offer)
                    }
                }
            }
        };
        let told = tokio::time::timeout(self.dialer.timeout, offer.wait_for(Option::is_some)).await;
        let offered = matches!(told, Ok(Ok(offered)) if *offered == Some(true));
        Ok(if offered { Extended::Stream(sender, reused) } else { Extended::Neither })
    }

    async fn connect(&self, plan: &Plan<'_>, way: Way) -> Result<Opened, Error> {
        let dial = plan.wanted.dial;
        let next = plan.proxy.as_ref().map_or(&**dial, |proxy| &proxy.dial);
        let opened = match (self.dialer.connect(next).await?, &plan.proxy) {
            (Socket::Tcp(stream), Some(proxy)) => {
                let entering = proxy.enter(stream, dial, plan.requests);
                match within(self.dialer.timeout, entering).await {
                    Ok(stream) => self.open(stream, plan, way).await,
                    Err(error) => {
                        Err(io::Error::new(error.kind(), format!("network proxy {proxy}: {error}")))
                    }
                }
            }
            (Socket::Tcp(stream), None) => self.open(stream, plan, way).await,
            (Socket::Unix(stream), _) => self.open(stream, plan, way).await,
        };
        opened.map_err(|error| Error::new(Kind::Dial, format!("dial {dial}")).because(error))
    }

    /// What sets a connection apart beside its address.
    fn purpose(
        &self,
        server_name: &Option<String>,
        client: Option<IpAddr>,
        proxy: Option<&ProxyServer>,
    ) -> Option<Arc<str>> {
        let name = server_name.as_deref().filter(|_| self.tls.as_ref().is_some_and(Tls::varies));
        let client = client.filter(|_| self.proxy_protocol.is_some());
        if name.is_none() && client.is_none() && proxy.is_none() {
            return None;
        }
        let proxy = proxy.map(ProxyServer::identity);
        Some(format!("{}\n{client:?}\n{}", name.unwrap_or_default(), proxy.unwrap_or_default()).into())
    }

    /// Brings a fresh socket to where requests can be sent on it.
    async fn open<S>(&self, mut socket: S, plan: &Plan<'_>, way: Way) -> io::Result<Opened>
    where
        S: Wire,
    {
        if let Some(protocol) = self.proxy_protocol {
            protocol.announce(&mut socket, plan.wanted.client).await?;
        }
        if self.limits.any() && !way.bare {
            return self.secure(Limited::new(socket, self.limits), plan, way).await;
        }
        self.secure(socket, plan, way).await
    }

    /// The same beyond what is sent in the clear.
    async fn secure<S>(&self, socket: S, plan: &Plan<'_>, way: Way) -> io::Result<Opened>
    where
        S: Wire,
    {
        let Some((tls, name)) = &plan.tls else {
            if way.h2 {
                return self.open_h2(socket, way.held).await;
            }
            return Ok(self.open_h1(socket, way.bare, way.held));
        };
        let handshake = tls.handshake(socket, name, way.h2, self.versions.h1);
        let stream = match tls.handshake_timeout {
            Some(limit) => within(limit, handshake).await?,
            None => handshake.await?,
        };
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        match h2 {
            true => self.open_h2(stream, way.held).await,
            false => Ok(self.open_h1(stream, way.bare, way.held)),
        }
    }

    fn open_h1<S>(&self, stream: S, bare: bool, Held { place, open }: Held) -> Opened
    where
        S: Wire,
    {
        let leg = match self.buffers.filter(|_| !bare) {
            Some((read, write)) => BufStream::with_capacity(read, write, stream).into_leg(),
            None => stream.into_leg(),
        };
        Opened::H1(H1::on(Line { leg, most_head: self.most_head, place, _open: open }))
    }

    async fn open_h2<S>(&self, stream: S, Held { place: _, open }: Held) -> io::Result<Opened>
    where
        S: Wire,
    {
        let (stream, offer) = Sniffed::new(stream);
        let (requests, running) = h2::Requests::open(&self.h2, stream).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(async move {
            running.await;
            drop(open);
        });
        Ok(Opened::H2(requests, offer))
    }
}

/// What there is for a WebSocket where HTTP/2 may be spoken.
enum Extended {
    /// A connection that takes it as a stream, and whether it was there before.
    Stream(h2::Requests, bool),
    /// A fresh connection of HTTP/1.1.
    Upgrade(Box<H1>),
    /// Only an upgrade of HTTP/1.1 will do, on another connection.
    Neither,
}

/// A fresh connection.
enum Opened {
    H1(Box<H1>),
    H2(h2::Requests, Offer),
}

/// The type that all connections carry.
type Request = hyper::Request<Body>;
