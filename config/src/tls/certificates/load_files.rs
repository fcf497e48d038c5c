//! The source `load_files`.

use crate::object::{object, transparent};

transparent! {
    /// Certificates and keys in files.
    pub struct LoadFiles(
        /// The files.
        pub Vec<CertificateFiles>
    );
}

object! {
    /// A certificate and its key in two files.
    pub struct CertificateFiles {
        /// File of the certificate, followed by its chain. Placeholders allowed.
        pub certificate(always): String,
        /// File of the key. Placeholders allowed.
        pub key(always): String,
        /// `pem`, which is the default and the only one.
        pub format: String,
        /// Tags by which a connection policy may select it.
        pub tags: Vec<String>,
    }
}
