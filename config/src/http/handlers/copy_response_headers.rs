//! The handler `copy_response_headers`.

use crate::object::object;

object! {
    /// Copies header fields of the upstream's response; only inside `handle_response` of a `reverse_proxy`.
    pub struct CopyResponseHeaders {
        /// Names to copy. Not together with `exclude`.
        pub include: Vec<String>,
        /// Names to leave out, all others being copied.
        pub exclude: Vec<String>,
    }
}
