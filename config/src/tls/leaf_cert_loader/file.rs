//! The loader `file`.

use crate::object::object;

object! {
    /// Certificates in PEM files.
    pub struct File {
        /// The files. Placeholders allowed.
        pub files: Vec<String>,
    }
}
