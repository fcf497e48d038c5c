//! TLS of client connections.

use std::{io, sync::Arc};

use rustls::ServerConfig;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::http::{connection::Plain, exchange::TlsInfo};

/// Encrypts the connections of a listener.
#[derive(Debug)]
pub struct Terminator {
    config: Arc<ServerConfig>,
}

impl Terminator {
    /// Does the handshake; `None` when the connection is to be dropped without a word.
    ///
    /// # Errors
    /// When the client does not agree.
    pub(crate) async fn accept(&self, plain: Plain) -> io::Result<Option<(TlsStream<Plain>, TlsInfo)>> {
        let stream = TlsAcceptor::from(Arc::clone(&self.config)).accept(plain).await?;
        let info = info(stream.get_ref().1);
        Ok(Some((stream, info)))
    }
}

fn info(session: &rustls::ServerConnection) -> TlsInfo {
    TlsInfo {
        server_name: session.server_name().unwrap_or_default().to_owned(),
        version: match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "tls1.2",
            _ => "tls1.3",
        },
        cipher_suite: session.negotiated_cipher_suite().map_or("", suite_name),
        alpn: session
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .unwrap_or_default(),
        resumed: session.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        peer_certificates: session
            .peer_certificates()
            .map(|chain| chain.iter().map(|certificate| certificate.to_vec()).collect())
            .unwrap_or_default(),
    }
}

/// The IANA name, which differs from the one in rustls by a prefix.
fn suite_name(suite: rustls::SupportedCipherSuite) -> &'static str {
    let name = suite.suite().as_str().unwrap_or("");
    match name {
        "TLS13_AES_128_GCM_SHA256" => "TLS_AES_128_GCM_SHA256",
        "TLS13_AES_256_GCM_SHA384" => "TLS_AES_256_GCM_SHA384",
        "TLS13_CHACHA20_POLY1305_SHA256" => "TLS_CHACHA20_POLY1305_SHA256",
        other => other,
    }
}
