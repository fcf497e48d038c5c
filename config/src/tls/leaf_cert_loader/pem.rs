//! The loader `pem`.

use crate::object::object;

object! {
    /// Certificates written in the configuration.
    pub struct Pem {
        /// The certificates in PEM. Placeholders allowed.
        pub certificates: Vec<String>,
    }
}
