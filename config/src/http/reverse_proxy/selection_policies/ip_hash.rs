//! The policy `ip_hash`.

use crate::object::object;

object! {
    /// By the address of the peer: one peer, one upstream.
    pub struct IpHash {}
}
