//! The encoder `zstd`.

use crate::object::object;

object! {
    /// Compression by Zstandard.
    pub struct Zstd {
        /// `fastest`, `default`, `better` or `best`. Default: `default`.
        pub level: String,
        /// Adds a checksum to each frame. Default: yes.
        pub checksum: Option<bool>,
    }
}
