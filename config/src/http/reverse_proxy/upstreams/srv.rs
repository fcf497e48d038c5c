//! The source `srv`.

use super::Resolver;
use crate::object::object;
use crate::value::Duration;

object! {
    /// SRV records of `_service._proto.name`, or of `name` alone. Placeholders allowed.
    pub struct Srv {
        /// The service, without `_`.
        pub service: String,
        /// The protocol, without `_`.
        pub proto: String,
        /// The domain, or the whole name of the record.
        pub name: String,
        /// How long a result is used. Default: 1m.
        pub refresh: Duration,
        /// How much longer it is used while lookups fail. Default: 0.
        pub grace_period: Duration,
        /// DNS servers. Default: the system's.
        pub resolver: Option<Resolver>,
        /// Time to connect to a DNS server.
        pub dial_timeout: Duration,
        /// Head start of IPv6 over IPv4. Default: 300ms.
        pub dial_fallback_delay: Duration,
        /// Network of the upstreams. Default: `tcp`.
        pub dial_network: String,
    }
}
