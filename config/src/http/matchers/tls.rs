//! The matcher `tls`.

use crate::object::object;

object! {
    /// Matches requests that came over TLS.
    pub struct Tls {
        /// Whether the handshake must be complete (`true`) or not yet (`false`, early data).
        pub handshake_complete: Option<bool>,
    }
}
