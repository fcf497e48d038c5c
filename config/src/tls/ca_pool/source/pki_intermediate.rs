//! The source `pki_intermediate`.

use crate::object::object;

object! {
    /// Intermediates of the app `pki`.
    pub struct PkiIntermediate {
        /// Ids of its authorities. Default: `local`.
        pub authority: Vec<String>,
    }
}
