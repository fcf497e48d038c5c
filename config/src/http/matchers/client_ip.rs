//! The matcher `client_ip`.

use crate::object::object;

object! {
    /// Matches the address of the client, as told by trusted proxies.
    pub struct ClientIp {
        /// Addresses and CIDR ranges, IPv6 with an optional zone; placeholders allowed.
        pub ranges: Vec<String>,
    }
}
