//! The policy `client_ip_hash`.

use crate::object::object;

object! {
    /// By the address of the client as told by trusted proxies: one client, one upstream.
    pub struct ClientIpHash {}
}
