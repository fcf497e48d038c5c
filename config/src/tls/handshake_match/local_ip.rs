//! The matcher `local_ip`.

use crate::object::object;

object! {
    /// Matches the address the client connected to.
    pub struct LocalIp {
        /// Addresses and CIDR ranges. Placeholders allowed.
        pub ranges: Vec<String>,
    }
}
