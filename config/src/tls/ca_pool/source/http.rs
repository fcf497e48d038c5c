//! The source `http`.

use super::CaPool;
use crate::object::object;
use crate::value::Duration;

object! {
    /// Authorities in PEM from URLs, loaded at the start.
    pub struct Http {
        /// The URLs. Placeholders allowed.
        pub endpoints: Vec<String>,
        /// TLS towards them. Default: the system's authorities.
        pub tls: Option<HttpTls>,
    }
}

object! {
    /// TLS towards the URLs.
    pub struct HttpTls {
        /// Authorities to trust. Default: the system's.
        pub ca: Option<CaPool>,
        /// Accepts any certificate.
        pub insecure_skip_verify: bool,
        /// Time for the handshake. Default: no limit.
        pub handshake_timeout: Duration,
        /// Server name to ask for and to verify. Placeholders allowed.
        pub server_name: String,
        /// `never` (default), `once` or `freely`.
        pub renegotiation: String,
    }
}
