//! The source `pki_root`.

use crate::object::object;

object! {
    /// Roots of the app `pki`.
    pub struct PkiRoot {
        /// Ids of its authorities. Default: `local`.
        pub authority: Vec<String>,
    }
}
