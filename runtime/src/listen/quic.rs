//! QUIC on the shards: each has a socket of its own for an address, and an endpoint that keeps the connections it accepts.
//!
//! The kernel gives the datagrams of one pair of addresses to one socket. A client that moves to another address may so
//! come to another shard, where its connection is unknown. Therefore the connection ids that this server gives out name their
//! endpoint (see [`ids`]), and a socket hands over what is meant for another one (see [`socket`]).

mod batch;
mod ids;
mod socket;
mod turns;
mod udp;

use std::{
    cell::Cell,
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, OnceLock},
    time::Duration,
};

use quinn::{EndpointConfig, Incoming, TransportConfig};

use self::socket::Datagrams;
pub(crate) use self::{
    socket::Endpoints,
    turns::Turns,
    udp::{Kind, Udp},
};
use super::{KeepAlive, ports::Held};
use crate::tls::quic as tls;

/// Handshakes at once on a shard from which on clients must first show that they receive at their address (RFC 9000, section
/// 8.1.2): a stranger cannot make this server remember more than that for addresses that are not his.
const HALF_OPEN: usize = 1000;
/// Requests at once on a connection: what RFC 9114, section 6.1, recommends at least. Each that may come takes room on every
/// connection.
const STREAMS: u32 = 100;
/// Unidirectional streams of a client at once: HTTP/3 has three, and some more that are refused.
const UNIDIRECTIONAL: u32 = 8;
/// What a client may send ahead of its reader, in bytes, on a stream and on all together.
const STREAM_WINDOW: u32 = 1 << 20;
const WINDOW: u32 = 8 << 20;
/// What may be on its way to a client, in bytes.
const SEND_WINDOW: u64 = 4 << 20;
/// Datagrams of a client that nobody has read yet, in bytes.
const DATAGRAMS: usize = 1 << 20;
/// A connection on which nothing comes for so long is lost.
const LOST: Duration = Duration::from_secs(30);

/// An endpoint of the shard that it was made on.
pub(super) struct Quic {
    endpoint: quinn::Endpoint,
    datagrams: Arc<Udp<Datagrams>>,
    half_open: Rc<Cell<usize>>,
}

/// A client that wants to connect.
pub(crate) struct Attempt {
    pub(crate) incoming: Incoming,
    /// To be dropped when the handshake is over.
    pub(crate) half_open: HalfOpen,
}

/// Counts as a handshake while it lives.
pub(crate) struct HalfOpen(Rc<Cell<usize>>);

impl HalfOpen {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for HalfOpen {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Quic {
    /// Must be called on the shard.
    pub(super) fn new(
        socket: socket2::Socket,
        port: Option<Arc<Held>>,
        endpoints: &Arc<Endpoints>,
    ) -> io::Result<Self> {
        let socket = std::net::UdpSocket::from(socket);
        let kind = Datagrams::new(socket.local_addr()?, port, endpoints)?;
        let datagrams = Udp::new(socket, kind)?;
        let mut config = common();
        let generator = datagrams.kind.ids();
        config.cid_generator(move || Box::new(generator.clone()));
        let endpoint = quinn::Endpoint::new_with_abstract_socket(
            config,
            Some(tls::unconfigured()),
            Arc::clone(&datagrams) as _,
            Arc::new(Turns(Arc::clone(&datagrams))),
        )?;
        Ok(Self { endpoint, datagrams, half_open: Rc::default() })
    }

    /// Waits for a client.
    pub(super) async fn accept(&self) -> io::Result<Attempt> {
        loop {
            let Some(incoming) = self.endpoint.accept().await else {
                return Err(io::Error::other("the endpoint has failed"));
            };
            if self.half_open.get() < HALF_OPEN || incoming.remote_address_validated() {
                return Ok(Attempt { incoming, half_open: HalfOpen::new(&self.half_open) });
            }
            // Without a validated address it may always be asked for one.
            if let Err(refused) = incoming.retry() {
                refused.into_incoming().ignore();
            }
        }
    }
}

impl Drop for Quic {
    /// The connections go on, and so does the endpoint until the last of them ends.
    fn drop(&mut self) {
        self.datagrams.kind.retire();
        self.endpoint.set_server_config(None);
    }
}

/// What all endpoints of the process share: above all the key by which it tells clients of connections that it does not know.
fn common() -> EndpointConfig {
    static COMMON: OnceLock<EndpointConfig> = OnceLock::new();
    let make = || {
        let mut config = EndpointConfig::default();
        config.supported_versions(vec![1]);
        config
    };
    COMMON.get_or_init(make).clone()
}

/// How connections are to be treated. With WebTransport they take datagrams and more streams, and are kept alive whatever the
/// configuration says of idle ones: a session may say nothing for hours.
pub(crate) fn transport(keepalive: &KeepAlive, webtransport: bool) -> TransportConfig {
    let mut config = TransportConfig::default();
    let lost = LOST.try_into().expect("it is shorter than 2^62 ms");
    config
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(UNIDIRECTIONAL.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(WINDOW.into())
        .send_window(SEND_WINDOW)
        .max_idle_timeout(Some(lost))
        .keep_alive_interval(keepalive.enabled.then(|| keepalive.idle.min(LOST / 2)))
        .datagram_receive_buffer_size(None);
    if webtransport {
        config
            .max_concurrent_uni_streams(STREAMS.into())
            .keep_alive_interval(Some(LOST / 2))
            .datagram_receive_buffer_size(Some(DATAGRAMS));
    }
    config
}

/// An IPv4 address that came in through a socket for both families is an IPv4 address.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::run,
        tls::{AcceptAnything, crypto::provider},
    };

    /// B9: whatever the configuration says of connections that nobody uses.
    #[test]
    fn sessions_keep_their_connection_alive() {
        let off = KeepAlive { enabled: false, ..KeepAlive::default() };
        let probes = |webtransport| {
            let shown = format!("{:?}", transport(&off, webtransport));
            shown.split_once("keep_alive_interval: ").unwrap().1.split(',').next().unwrap().to_owned()
        };
        assert_eq!((probes(false).as_str(), probes(true).as_str()), ("None", "Some(15s)"));
    }

    #[test]
    fn from_many_handshakes_on_addresses_are_validated() {
        run(async {
            let socket = socket2::Socket::from(std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
            socket.set_nonblocking(true).unwrap();
            let quic = Quic::new(socket, None, &Arc::default()).unwrap();
            let address = quic.endpoint.local_addr().unwrap();
            let client = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
            let tls = rustls::ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAnything(provider())))
                .with_no_client_auth();
            let config = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
            let config = quinn::ClientConfig::new(Arc::new(config));
            for (open, validated) in [(HALF_OPEN - 1, false), (HALF_OPEN, true)] {
                quic.half_open.set(open);
                let _connecting = client.connect_with(config.clone(), address, "a.localhost").unwrap();
                let attempt = quic.accept().await.unwrap();
                assert_eq!(attempt.incoming.remote_address_validated(), validated);
                assert_eq!(quic.half_open.get(), open + 1);
                drop(attempt);
                assert_eq!(quic.half_open.get(), open);
            }
        });
    }
}
