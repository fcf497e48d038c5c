//! A client's way to trust everybody.

use std::sync::Arc;

use rustls::{
    client::danger::{ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::signatures::verify_signatures;

/// Any certificate will do: for upstreams with `insecure_skip_verify`, and for tests. The handshake still proves that the
/// peer has its key.
#[derive(Debug)]
pub struct AcceptAnything(pub Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    verify_signatures!(0.signature_verification_algorithms);
}
