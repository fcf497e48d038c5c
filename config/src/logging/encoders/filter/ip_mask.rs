//! The filter `ip_mask`.

use crate::object::object;

object! {
    /// Keeps only the network of IP addresses.
    pub struct IpMask {
        /// Bits of an IPv4 address that are kept. Default: all.
        pub ipv4_cidr: i64,
        /// Bits of an IPv6 address that are kept. Default: all.
        pub ipv6_cidr: i64,
    }
}
