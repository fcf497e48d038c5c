//! The handshake of QUIC connections, by the same policies as those over TCP.
//!
//! quinn brings a session for rustls that needs its configuration before anything of the client is known. This one has it
//! choose by the first message, as [`Terminator`] does.

mod client;
mod early;

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
    server::{Accepted, Acceptor, ResolvesServerCertUsingSni},
};
use tokio::{sync::Notify, task::JoinHandle};

pub(crate) use self::client::{Granted, telling};
pub(super) use self::early::take_early_data;
use super::{
    crypto::{Configs, provider},
    names,
    terminator::{self, Policy, Terminator},
};
use crate::http::exchange::TlsInfo;

/// The application protocol of HTTP/3.
const ALPN: &[u8] = b"h3";
/// A longer first message is none (RFC 8446 permits 2^24 bytes, a sane one has some 2,000).
const LONGEST_HELLO: usize = 16 << 10;
/// The alerts that say so, and that there is nothing for this client (RFC 8446, section 6).
const ILLEGAL_PARAMETER: u8 = 47;
const ACCESS_DENIED: u8 = 49;

/// A policy's configuration for QUIC.
pub(super) fn adapted(config: &rustls::ServerConfig) -> rustls::ServerConfig {
    let mut config = config.clone();
    config.alpn_protocols = vec![ALPN.to_vec()];
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

/// How one client is to be served: by the policies, for these addresses. And what tells when there is no certificate for it: the handshake
/// has to be given up then.
pub(crate) fn server_config(
    terminator: &Arc<Terminator>,
    transport: &Arc<TransportConfig>,
    (remote, local): (Option<IpAddr>, Option<IpAddr>),
) -> (Arc<ServerConfig>, Arc<Notify>) {
    let hopeless = Arc::new(Notify::new());
    let mut config = unconfigured();
    config.crypto = Arc::new(ForOne {
        terminator: Arc::clone(terminator),
        ends: (remote, local),
        hopeless: Arc::clone(&hopeless),
    });
    config.transport = Arc::clone(transport);
    (Arc::new(config), hopeless)
}

/// The policies as one client meets them.
struct ForOne {
    terminator: Arc<Terminator>,
    ends: (Option<IpAddr>, Option<IpAddr>),
    hopeless: Arc<Notify>,
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
        let hello = Hello { policies: self, parameters, came: Vec::new() };
        let stage = Stage::First(Box::new(First { hello, acceptor: Acceptor::default() }));
        Box::new(Session { version, stage, told: false, next: None })
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
    /// The client's first message is not complete.
    First(Box<First>),
    /// A certificate is being made. It is looked for again whenever the client asks where the answer remains, as all
    /// do who hear nothing (RFC 9002, section 6.2.2.1).
    Making(Box<Hello>, Box<Accepted>, JoinHandle<()>),
    Chosen(Box<Chosen>),
    Failed,
}

/// What is needed to answer a client's first message.
struct Hello {
    policies: Arc<ForOne>,
    parameters: Vec<u8>,
    came: Vec<u8>,
}

struct First {
    hello: Hello,
    acceptor: Acceptor,
}

struct Chosen {
    connection: quic::ServerConnection,
    server_name: String,
}

impl First {
    /// Takes more of the first message. All of it once it is complete.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<Accepted>, TransportError> {
        let came = &mut self.hello.came;
        came.extend_from_slice(bytes);
        if came.len() > LONGEST_HELLO {
            return Err(alert(ILLEGAL_PARAMETER, "the first message of the handshake is too long"));
        }
        // A record of TLS for what comes without records in QUIC: this is how rustls looks at the message first.
        let length = u16::try_from(bytes.len()).expect("it is not above the limit").to_be_bytes();
        let header = [22, 3, 1, length[0], length[1]];
        let mut record = Cursor::new(header).chain(Cursor::new(bytes));
        while self.acceptor.read_tls(&mut record).map_err(|error| alert(ILLEGAL_PARAMETER, error))? > 0 {}
        self.acceptor.accept().map_err(|(error, _)| alert(ILLEGAL_PARAMETER, error))
    }
}

impl Hello {
    /// The policy for the client, with its configuration, and the name that it asks for.
    fn policy(&self, accepted: &Accepted) -> Result<(&Policy, &Configs, String), TransportError> {
        let hello = accepted.client_hello();
        let server_name = names::normalized(hello.server_name().unwrap_or_default());
        let ForOne { terminator, ends, .. } = &*self.policies;
        let policy = terminator.policy(&server_name, *ends);
        let of_quic = policy.and_then(|policy| Some((policy, policy.quic.as_ref()?, server_name)));
        of_quic.ok_or_else(|| alert(ACCESS_DENIED, "no policy is for this client"))
    }

    /// Has the certificate for the client made, if there is none yet and one may be made.
    fn make(&self, accepted: &Accepted) -> Result<Option<JoinHandle<()>>, TransportError> {
        let (policy, _, server_name) = self.policy(accepted)?;
        let ForOne { terminator, ends, .. } = &*self.policies;
        let Some(job) = terminator.missing(policy, &server_name, ends.1) else { return Ok(None) };
        let policies = Arc::clone(&self.policies);
        Ok(Some(tokio::spawn(async move {
            let made = tokio::task::spawn_blocking(job).await;
            debug_assert!(made.is_ok(), "making a certificate does not panic");
            let ForOne { terminator, ends, hopeless } = &*policies;
            let policy = terminator.policy(&server_name, *ends);
            if policy.is_none_or(|policy| terminator.missing(policy, &server_name, ends.1).is_some()) {
                hopeless.notify_one();
            }
        })))
    }

    fn choose(&mut self, accepted: &Accepted) -> Result<Chosen, TransportError> {
        let (policy, configs, server_name) = self.policy(accepted)?;
        let local = self.policies.ends.1;
        let config = policy.certified(configs, &server_name, &accepted.client_hello(), local);
        let parameters = std::mem::take(&mut self.parameters);
        let connection = quic::ServerConnection::new(config, Version::V1, parameters)
            .map_err(|error| wrong(TransportErrorCode::INTERNAL_ERROR, error))?;
        let mut chosen = Chosen { connection, server_name };
        chosen.read(&self.came)?;
        Ok(chosen)
    }
}

impl Chosen {
    /// Whether the client sends before the handshake is over, and may.
    fn is_early(&self) -> bool {
        self.connection.is_handshaking() && self.connection.zero_rtt_keys().is_some()
    }

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
            Stage::First(_) | Stage::Making(..) | Stage::Failed => None,
            Stage::Chosen(chosen) => Some(chosen),
        }
    }

    /// Answers the client's first message, at once if it can.
    fn answer(&mut self, accepted: Accepted) -> Result<(), TransportError> {
        let Stage::First(first) = std::mem::replace(&mut self.stage, Stage::Failed) else { return Ok(()) };
        let mut hello = first.hello;
        self.stage = match hello.make(&accepted)? {
            Some(job) => Stage::Making(Box::new(hello), Box::new(accepted), job),
            None => Stage::Chosen(Box::new(hello.choose(&accepted)?)),
        };
        Ok(())
    }

    /// Goes on with a handshake for which a certificate had to be made first.
    fn resume(&mut self) {
        if !matches!(&self.stage, Stage::Making(.., made) if made.is_finished()) {
            return;
        }
        let Stage::Making(mut hello, accepted, _) = std::mem::replace(&mut self.stage, Stage::Failed) else {
            return;
        };
        match hello.choose(&accepted) {
            Ok(chosen) => self.stage = Stage::Chosen(Box::new(chosen)),
            // There is no way to tell the connection from here.
            Err(_) => hello.policies.hopeless.notify_one(),
        }
    }
}

impl crypto::Session for Session {
    fn initial_keys(&self, id: &ConnectionId, side: Side) -> Keys {
        debug_assert_eq!(side, Side::Server, "only servers have such a session");
        let keys = crypto::ServerConfig::initial_keys(&**INITIAL, self.version, id);
        keys.unwrap_or_else(|_| unreachable!("the version was accepted"))
    }

    /// A [`TlsInfo`], once the handshake is over or early data is taken.
    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        let chosen = self.chosen()?;
        let early = chosen.is_early();
        if chosen.connection.is_handshaking() && !early {
            return None;
        }
        let info: TlsInfo = terminator::info(&chosen.connection, chosen.server_name.clone());
        Some(Box::new(TlsInfo { early, ..info }))
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        // It is among the handshake data.
        None
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        let keys = self.chosen()?.connection.zero_rtt_keys()?;
        Some((Box::new(keys.header), Box::new(keys.packet)))
    }

    fn early_data_accepted(&self) -> Option<bool> {
        // Only clients are told.
        None
    }

    fn is_handshaking(&self) -> bool {
        self.chosen().is_none_or(|chosen| chosen.connection.is_handshaking())
    }

    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        match &mut self.stage {
            Stage::First(first) => {
                if let Some(accepted) = first.read(bytes)? {
                    self.answer(accepted)?;
                }
            }
            Stage::Chosen(chosen) => chosen.read(bytes)?,
            Stage::Making(..) | Stage::Failed => {
                return Err(wrong(TransportErrorCode::PROTOCOL_VIOLATION, "more than the first message"));
            }
        }
        let tells =
            !self.told && self.chosen().is_some_and(|chosen| chosen.is_early() || !self.is_handshaking());
        self.told |= tells;
        Ok(tells)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        let said = self.chosen().and_then(|chosen| chosen.connection.quic_transport_parameters());
        let read = said.map(|said| TransportParameters::read(Side::Server, &mut Cursor::new(said)));
        Ok(read.transpose()?)
    }

    fn write_handshake(&mut self, out: &mut Vec<u8>) -> Option<Keys> {
        self.resume();
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
