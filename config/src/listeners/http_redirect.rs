//! The wrapper `http_redirect`.

use crate::object::object;

object! {
    /// Redirects plain HTTP requests on a TLS port to HTTPS. It belongs before `tls`.
    pub struct HttpRedirect {
        /// Largest header of such a request in bytes. Default: 1 MiB.
        pub max_header_bytes: i64,
    }
}
