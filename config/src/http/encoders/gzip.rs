//! The encoder `gzip`.

use crate::object::object;

object! {
    /// Compression by gzip.
    pub struct Gzip {
        /// -3 (no state) to 9 (smallest). Default: 5.
        pub level: i64,
    }
}
