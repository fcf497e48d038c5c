//! Ends the TLS of a server's connections: picks a policy by the first message of the client and does the handshake.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Weak},
    time::SystemTime,
};

use rustls::{
    CommonState, HandshakeKind, ProtocolVersion, ServerConfig,
    server::{Acceptor, ClientHello},
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    Tls,
    crypto::{self, Configs},
    matchers::{Hello, Matcher},
    names,
    selection::{Chosen, Selector},
};
use crate::http::{connection::Plain, exchange::TlsInfo};

/// The connection policies of a server.
#[derive(Debug)]
pub struct Terminator {
    pub(super) policies: Vec<Policy>,
    pub(super) tls: Weak<Tls>,
}

/// One compiled connection policy.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) matchers: Vec<Matcher>,
    /// `None` drops the connection.
    pub(super) config: Option<Configs>,
    /// The same for QUIC; `None` as well where TLS 1.3 is not permitted.
    pub(super) quic: Option<Configs>,
    pub(super) selector: Arc<Selector>,
}

impl Terminator {
    /// Does the handshake, for a client and a server with these addresses; `None` when a policy drops the connection, or none is for it.
    ///
    /// # Errors
    /// When the client does not agree.
    pub(crate) async fn accept(
        &self,
        plain: Plain,
        (remote, local): (Option<IpAddr>, Option<IpAddr>),
    ) -> io::Result<Option<(TlsStream<Plain>, TlsInfo)>> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), plain).await?;
        let server_name = names::normalized(start.client_hello().server_name().unwrap_or_default());
        let policy = self.policy(&server_name, (remote, local));
        let Some((policy, configs)) = policy.and_then(|policy| Some((policy, policy.config.as_ref()?)))
        else {
            return Ok(None);
        };
        if let Some(job) = self.missing(policy, &server_name, local) {
            let made = tokio::task::spawn_blocking(job).await;
            debug_assert!(made.is_ok(), "making a certificate does not panic");
        }
        let config = policy.certified(configs, &server_name, &start.client_hello(), local);
        let stream = start.into_stream(config).await?;
        let info = info(stream.get_ref().1, server_name);
        Ok(Some((stream, info)))
    }

    /// The policy for a client that asks for a name, normalized or empty.
    pub(super) fn policy(
        &self,
        server_name: &str,
        (remote, local): (Option<IpAddr>, Option<IpAddr>),
    ) -> Option<&Policy> {
        let hello = Hello { server_name, remote, local };
        self.policies.iter().find(|policy| policy.matchers.iter().all(|matcher| matcher.matches(&hello)))
    }

    /// Whether any client can be served over QUIC.
    pub(crate) fn serves_quic(&self) -> bool {
        self.policies.iter().any(|policy| policy.quic.is_some())
    }

    /// What makes the certificate for a name that has none yet, where the configuration allows that. It takes its time. Without one the
    /// handshake fails as it does for any unknown name.
    pub(super) fn missing(
        &self,
        policy: &Policy,
        server_name: &str,
        local: Option<IpAddr>,
    ) -> Option<impl FnOnce() + Send + 'static> {
        let tls = self.tls.upgrade().filter(|tls| tls.makes_on_demand())?;
        let default = || match (&*policy.selector.default_sni, local) {
            ("", Some(local)) => local.to_canonical().to_string(),
            (name, _) => name.to_owned(),
        };
        let name = if server_name.is_empty() { default() } else { server_name.to_owned() };
        if !policy.selector.candidates(server_name, local).is_empty() || !names::qualifies(&name) {
            return None;
        }
        Some(move || tls.on_demand(&name, SystemTime::now()))
    }
}

impl Policy {
    /// The configuration for one client. Where it has not named a server, the certificate follows from its connection.
    pub(super) fn certified(
        &self,
        configs: &Configs,
        server_name: &str,
        hello: &ClientHello<'_>,
        local: Option<IpAddr>,
    ) -> Arc<ServerConfig> {
        let config = configs.suiting(hello.cipher_suites());
        let chosen = if server_name.is_empty() { self.selector.without_name(local, hello) } else { None };
        match chosen {
            None => Arc::clone(config),
            Some(chosen) => {
                let mut config = ServerConfig::clone(config);
                config.cert_resolver = Arc::new(Chosen(chosen));
                Arc::new(config)
            }
        }
    }
}

/// What a handshake has settled.
pub(super) fn info(session: &CommonState, server_name: String) -> TlsInfo {
    TlsInfo {
        server_name,
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "tls1.2",
            _ => "tls1.3",
        },
        cipher_suite: session.negotiated_cipher_suite().map_or("", crypto::suite_name),
        alpn: session
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .unwrap_or_default(),
        early: false,
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        peer_certificates: session
            .peer_certificates()
            .map(|chain| chain.iter().map(|certificate| certificate.to_vec()).collect())
            .unwrap_or_default(),
    }
}
