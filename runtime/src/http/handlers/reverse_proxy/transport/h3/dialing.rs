//! Opening connections of QUIC to upstreams.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use quinn::{ConnectionError, Endpoint, EndpointConfig, TransportConfig, crypto::rustls::QuicClientConfig};
use rustls::ClientConfig;

use super::{
    super::{
        super::dial::Dial,
        connect::{Dialer, within},
    },
    socket::Connected,
};
use crate::{
    http::h3::FIRST,
    listen::{Turns, Udp},
    tls::quic::telling,
};

/// Nothing opens streams towards a client but what HTTP/3 itself needs: three, and some more that are refused.
const UNIDIRECTIONAL: u32 = 8;
/// What an upstream may send ahead of its reader, in bytes, on a stream and on all together.
pub(super) const STREAM_WINDOW: u32 = 4 << 20;
const WINDOW: u32 = 16 << 20;
/// Datagrams of an upstream that nobody has read yet, in bytes.
const DATAGRAMS: usize = 1 << 20;
/// What may be on its way to an upstream, in bytes.
const SEND_WINDOW: u64 = 4 << 20;
/// A connection on which nothing comes for so long is lost.
const LOST: Duration = Duration::from_secs(30);

/// How connections of QUIC are opened.
#[derive(Debug)]
pub(in super::super) struct Quic {
    config: quinn::ClientConfig,
    /// For connections with WebTransport sessions.
    for_sessions: quinn::ClientConfig,
    handshake_timeout: Option<Duration>,
}

impl Quic {
    /// With a probe on a silent connection every `probe_interval`, so that neither end takes it for lost.
    ///
    /// # Errors
    /// When the configuration cannot be used for QUIC.
    pub(in super::super) fn new(
        mut tls: ClientConfig,
        handshake_timeout: Option<Duration>,
        probe_interval: Option<Duration>,
    ) -> Result<Self, String> {
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let tls = QuicClientConfig::try_from(tls).map_err(|error| error.to_string())?;
        let mut config = quinn::ClientConfig::new(telling(tls));
        let mut for_sessions = config.clone();
        config.transport_config(Arc::new(transport(probe_interval)));
        for_sessions.transport_config(Arc::new(transport_for_sessions()));
        Ok(Self { config, for_sessions, handshake_timeout })
    }

    /// Connects, and is done when the handshake is.
    pub(in super::super) async fn connect(
        &self,
        dialer: &Dialer,
        dial: &Dial,
        server_name: &str,
        sessions: bool,
    ) -> io::Result<quinn::Connection> {
        let config = if sessions { &self.for_sessions } else { &self.config };
        let Dial::Tcp { family, host, port } = dial else {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "HTTP/3 cannot be spoken over a unix socket",
            ));
        };
        let handshake = async |address| {
            let shaking = Self::handshake(config.clone(), address, dialer.local, server_name);
            match self.handshake_timeout {
                Some(limit) => within(limit, shaking).await,
                None => shaking.await,
            }
        };
        within(dialer.timeout, dialer.reach(*family, host, *port, handshake)).await
    }

    /// Each connection has a socket of its own, as over TCP: so the kernel tells when nobody listens.
    async fn handshake(
        config: quinn::ClientConfig,
        address: SocketAddr,
        local: Option<SocketAddr>,
        server_name: &str,
    ) -> io::Result<quinn::Connection> {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = std::net::UdpSocket::bind(local.unwrap_or(any))?;
        socket.set_nonblocking(true)?;
        // Elsewhere datagrams cannot be sent with an address then.
        if cfg!(target_os = "linux") {
            socket.connect(address)?;
        }
        let socket = Udp::new(socket, Connected::default())?;
        let endpoint = Endpoint::new_with_abstract_socket(
            EndpointConfig::default(),
            None,
            Arc::clone(&socket) as _,
            Arc::new(Turns(Arc::clone(&socket))),
        )?;
        let connecting = endpoint
            .connect_with(config, address, server_name)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        tokio::select! {
            connected = connecting => connected.map_err(|error| match socket.kind.is_refused() {
                true => io::ErrorKind::ConnectionRefused.into(),
                false => failed(error),
            }),
            error = socket.failed() => Err(error),
        }
    }
}

/// How connections are to be treated, with a probe on a silent one every `probe_interval`.
fn transport(probe_interval: Option<Duration>) -> TransportConfig {
    let mut transport = TransportConfig::default();
    let lost = LOST.try_into().expect("it is shorter than 2^62 ms");
    transport
        .max_concurrent_bidi_streams(0_u32.into())
        .max_concurrent_uni_streams(UNIDIRECTIONAL.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(WINDOW.into())
        .send_window(SEND_WINDOW)
        .max_idle_timeout(Some(lost))
        .keep_alive_interval(probe_interval.map(|interval| interval.min(LOST / 2)))
        .datagram_receive_buffer_size(None);
    transport
}

/// The same where there are WebTransport sessions: the upstream opens streams and sends datagrams, and a session may say
/// nothing for hours, whatever the configuration says of probes. Limits are raised when sessions come.
fn transport_for_sessions() -> TransportConfig {
    let mut transport = transport(Some(LOST / 2));
    transport
        .max_concurrent_bidi_streams(FIRST.into())
        .max_concurrent_uni_streams(FIRST.into())
        .receive_window(STREAM_WINDOW.into())
        .datagram_receive_buffer_size(Some(DATAGRAMS));
    transport
}

fn failed(error: ConnectionError) -> io::Error {
    let kind = match &error {
        ConnectionError::TimedOut => io::ErrorKind::TimedOut,
        ConnectionError::ApplicationClosed(_)
        | ConnectionError::ConnectionClosed(_)
        | ConnectionError::Reset => io::ErrorKind::ConnectionReset,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
