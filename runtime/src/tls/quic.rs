//! The handshake of QUIC connections, by the same policies as those over TCP.
//!
//! quinn brings a session for rustls that needs its configuration before anything of the client is known. This one has it
//! choose by the first message, as [`Terminator`] does.

use std::{
    any::Any,
    io::{Cursor, Read},
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use quinn::{
    ConnectionId, ServerConfig, Side, TransportConfig,
    crypto::{self, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, UnsupportedVersion},
};
use quinn_proto::{TransportError, TransportErrorCode, transport_parameters::TransportParameters};
use rustls::{
    quic::{self, KeyChange, Secrets, Version},
    server::{Acceptor, ResolvesServerCertUsingSni},
};

use super::{
    certificates::provider,
    names,
    terminator::{self, Terminator},
};
use crate::http::exchange::TlsInfo;

/// The application protocol of HTTP/3.
const ALPN: &[u8] = b"h3";
/// A longer first message is none (RFC 8446 permits 2^24 bytes, a sane one has some 2,000).
const LONGEST_HELLO: usize = 16 << 10;
/// The alerts that say so, and that there is nothing for this client (RFC 8446, section 6).
const ILLEGAL_PARAMETER: u8 = 47;
const ACCESS_DENIED: u8 = 49;

/// A policy's configuration for QUIC. Early data is not taken: it could be replayed.
pub(super) fn adapted(config: &rustls::ServerConfig) -> rustls::ServerConfig {
    let mut config = config.clone();
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.max_early_data_size = 0;
    config
}

/// What an endpoint has before the first client comes: enough to read the first packet, with keys that everybody knows.
pub(crate) fn unconfigured() -> ServerConfig {
    static COMMON: LazyLock<ServerConfig> =
        LazyLock::new(|| ServerConfig::with_crypto(Arc::clone(&*INITIAL) as _));
    COMMON.clone()
}

/// Knows how to protect packets before the handshake and addresses to be validated, and has no certificate.
static INITIAL: LazyLock<Arc<crypto::rustls::QuicServerConfig>> = LazyLock::new(|| {
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
    Arc::new(Arc::new(config).try_into().expect("the provider has the suite of first packets"))
});

/// How one client is to be served: by the policies, for these addresses.
pub(crate) fn server_config(
    terminator: &Arc<Terminator>,
    transport: &Arc<TransportConfig>,
    (remote, local): (Option<IpAddr>, Option<IpAddr>),
) -> Arc<ServerConfig> {
    let mut config = unconfigured();
    config.crypto = Arc::new(ForOne { terminator: Arc::clone(terminator), ends: (remote, local) });
    config.transport = Arc::clone(transport);
    Arc::new(config)
}

/// The policies as one client meets them.
struct ForOne {
    terminator: Arc<Terminator>,
    ends: (Option<IpAddr>, Option<IpAddr>),
}

impl crypto::ServerConfig for ForOne {
    fn initial_keys(&self, version: u32, id: &ConnectionId) -> Result<Keys, UnsupportedVersion> {
        INITIAL.initial_keys(version, id)
    }

    fn retry_tag(&self, version: u32, id: &ConnectionId, packet: &[u8]) -> [u8; 16] {
        INITIAL.retry_tag(version, id, packet)
    }

    fn start_session(
        self: Arc<Self>,
        version: u32,
        params: &TransportParameters,
    ) -> Box<dyn crypto::Session> {
        debug_assert_eq!(version, 1, "no other version is offered");
        let mut parameters = Vec::new();
        params.write(&mut parameters);
        let first = First { policies: self, acceptor: Acceptor::default(), parameters, came: Vec::new() };
        Box::new(Session { version, stage: Stage::First(Box::new(first)), told: false, next: None })
    }
}

/// A handshake, and what follows from it.
struct Session {
    version: u32,
    stage: Stage,
    /// Whether it was said that what the handshake settles is known.
    told: bool,
    /// What the next keys follow from.
    next: Option<Secrets>,
}

enum Stage {
    First(Box<First>),
    Chosen(Box<Chosen>),
}

/// The client's first message is not complete.
struct First {
    policies: Arc<ForOne>,
    acceptor: Acceptor,
    parameters: Vec<u8>,
    came: Vec<u8>,
}

struct Chosen {
    connection: quic::ServerConnection,
    server_name: String,
}

impl First {
    /// Takes more of the first message. What is chosen once it is complete.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<Chosen>, TransportError> {
        self.came.extend_from_slice(bytes);
        if self.came.len() > LONGEST_HELLO {
            return Err(alert(ILLEGAL_PARAMETER, "the first message of the handshake is too long"));
        }
        // A record of TLS for what comes without records in QUIC: this is how rustls looks at the message first.
        let length = u16::try_from(bytes.len()).expect("it is not above the limit").to_be_bytes();
        let header = [22, 3, 1, length[0], length[1]];
        let mut record = Cursor::new(header).chain(Cursor::new(bytes));
        while self.acceptor.read_tls(&mut record).map_err(|error| alert(ILLEGAL_PARAMETER, error))? > 0 {}
        let accepted = self.acceptor.accept().map_err(|(error, _)| alert(ILLEGAL_PARAMETER, error))?;
        let Some(accepted) = accepted else { return Ok(None) };
        let hello = accepted.client_hello();
        let server_name = names::normalized(hello.server_name().unwrap_or_default());
        let ForOne { terminator, ends } = &*self.policies;
        let policy = terminator.policy(&server_name, *ends);
        let Some((policy, config)) = policy.and_then(|policy| Some((policy, policy.quic.as_ref()?))) else {
            return Err(alert(ACCESS_DENIED, "no policy is for this client"));
        };
        let config = policy.certified(config, &server_name, &hello, ends.1);
        let parameters = std::mem::take(&mut self.parameters);
        let connection = quic::ServerConnection::new(config, Version::V1, parameters)
            .map_err(|error| wrong(TransportErrorCode::INTERNAL_ERROR, error))?;
        let mut chosen = Chosen { connection, server_name };
        chosen.read(&self.came)?;
        Ok(Some(chosen))
    }
}

impl Chosen {
    fn read(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.connection.read_hs(bytes).map_err(|error| match self.connection.alert() {
            Some(code) => alert(code.into(), error),
            None => wrong(TransportErrorCode::PROTOCOL_VIOLATION, error),
        })
    }
}

fn alert(code: u8, reason: impl ToString) -> TransportError {
    wrong(TransportErrorCode::crypto(code), reason)
}

fn wrong(code: TransportErrorCode, reason: impl ToString) -> TransportError {
    TransportError { code, frame: None, reason: reason.to_string() }
}

impl Session {
    fn chosen(&self) -> Option<&Chosen> {
        match &self.stage {
            Stage::First(_) => None,
            Stage::Chosen(chosen) => Some(chosen),
        }
    }
}

impl crypto::Session for Session {
    fn initial_keys(&self, id: &ConnectionId, side: Side) -> Keys {
        debug_assert_eq!(side, Side::Server, "only servers have such a session");
        let keys = crypto::ServerConfig::initial_keys(&**INITIAL, self.version, id);
        keys.unwrap_or_else(|_| unreachable!("the version was accepted"))
    }

    /// A [`TlsInfo`], once the handshake is over.
    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        let chosen = self.chosen().filter(|chosen| !chosen.connection.is_handshaking())?;
        let info: TlsInfo = terminator::info(&chosen.connection, chosen.server_name.clone());
        Some(Box::new(info))
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        // It is among the handshake data.
        None
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        None
    }

    fn early_data_accepted(&self) -> Option<bool> {
        None
    }

    fn is_handshaking(&self) -> bool {
        self.chosen().is_none_or(|chosen| chosen.connection.is_handshaking())
    }

    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        match &mut self.stage {
            Stage::First(first) => {
                if let Some(chosen) = first.read(bytes)? {
                    self.stage = Stage::Chosen(Box::new(chosen));
                }
            }
            Stage::Chosen(chosen) => chosen.read(bytes)?,
        }
        let tells = !self.told && !self.is_handshaking();
        self.told |= tells;
        Ok(tells)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        let said = self.chosen().and_then(|chosen| chosen.connection.quic_transport_parameters());
        let read = said.map(|said| TransportParameters::read(Side::Server, &mut Cursor::new(said)));
        Ok(read.transpose()?)
    }

    fn write_handshake(&mut self, out: &mut Vec<u8>) -> Option<Keys> {
        let Stage::Chosen(chosen) = &mut self.stage else { return None };
        let keys = match chosen.connection.write_hs(out)? {
            KeyChange::Handshake { keys } => keys,
            KeyChange::OneRtt { keys, next } => {
                self.next = Some(next);
                keys
            }
        };
        Some(Keys {
            header: KeyPair { local: Box::new(keys.local.header), remote: Box::new(keys.remote.header) },
            packet: KeyPair { local: Box::new(keys.local.packet), remote: Box::new(keys.remote.packet) },
        })
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        let keys = self.next.as_mut()?.next_packet_keys();
        Some(KeyPair { local: Box::new(keys.local), remote: Box::new(keys.remote) })
    }

    fn is_valid_retry(&self, _: &ConnectionId, _: &[u8], _: &[u8]) -> bool {
        // Servers get none.
        false
    }

    fn export_keying_material(
        &self,
        _: &mut [u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        // Nobody here asks for any.
        Err(ExportKeyingMaterialError)
    }
}
