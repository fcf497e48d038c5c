//! The proof that a peer has the key of its certificate, which every verifier asks for alike.

/// The methods on signatures of rustls' verifiers of servers and of clients. `$algorithms` says what of the verifier holds its
/// `WebPkiSupportedAlgorithms`.
macro_rules! verify_signatures {
    ($($algorithms:tt).+) => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &rustls_pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.$($algorithms).+)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &rustls_pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.$($algorithms).+)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.$($algorithms).+.supported_schemes()
        }
    };
}

pub(super) use verify_signatures;
