//! The manager `http`.

use crate::object::object;

object! {
    /// Asks a URL, with the handshake in its query, for a certificate and key in PEM.
    pub struct Http {
        /// The URL.
        pub url: String,
    }
}
