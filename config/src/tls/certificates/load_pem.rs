//! The source `load_pem`.

use crate::object::{object, transparent};

transparent! {
    /// Certificates and keys written in the configuration.
    pub struct LoadPem(
        /// The pairs.
        pub Vec<CertificatePem>
    );
}

object! {
    /// A certificate and its key in PEM.
    pub struct CertificatePem {
        /// The certificate, followed by its chain. Placeholders allowed.
        pub certificate(always): String,
        /// The key. Placeholders allowed.
        pub key(always): String,
        /// Tags by which a connection policy may select it.
        pub tags: Vec<String>,
    }
}
