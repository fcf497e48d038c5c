//! The source `inline`.

use crate::object::object;

object! {
    /// Authorities written in the configuration.
    pub struct Inline {
        /// Certificates, base64 of DER.
        pub trusted_ca_certs: Vec<String>,
    }
}
