//! The matcher `remote_ip`.

use crate::object::object;

object! {
    /// Matches the address of the peer.
    pub struct RemoteIp {
        /// Addresses and CIDR ranges. Default: all. Placeholders allowed.
        pub ranges: Vec<String>,
        /// Addresses and CIDR ranges that do not match.
        pub not_ranges: Vec<String>,
    }
}
