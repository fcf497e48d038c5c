//! The issuer `internal`.

use crate::object::object;
use crate::value::Duration;

object! {
    /// An authority of the app `pki`.
    pub struct Internal {
        /// Its id. Default: `local`.
        pub ca: String,
        /// Lifetime of the certificates. Default: 12h.
        pub lifetime: Duration,
        /// Signs with the root instead of the intermediate.
        pub sign_with_root: bool,
    }
}
