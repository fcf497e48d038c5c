//! The matcher `remote_ip`.

use crate::object::object;

object! {
    /// Matches the address of the peer of the connection.
    pub struct RemoteIp {
        /// Addresses and CIDR ranges, IPv6 with an optional zone; placeholders allowed.
        pub ranges: Vec<String>,
    }
}
