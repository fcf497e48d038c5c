//! The source `file`.

use crate::object::object;

object! {
    /// Authorities in PEM files.
    pub struct File {
        /// The files. Placeholders allowed.
        pub pem_files: Vec<String>,
    }
}
