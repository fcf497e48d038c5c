//! The policy `uri_hash`.

use crate::object::object;

object! {
    /// By the URI of the request: one URI, one upstream.
    pub struct UriHash {}
}
