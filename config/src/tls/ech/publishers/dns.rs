//! The publisher `dns`.

use crate::dns::DnsProvider;
use crate::object::object;

object! {
    /// HTTPS records in the DNS.
    pub struct Dns {
        /// The provider of the zone.
        pub provider: Option<DnsProvider>,
    }
}
