//! The source `a`.

use super::Resolver;
use crate::object::object;
use crate::value::Duration;

object! {
    /// The addresses of a name.
    pub struct A {
        /// The name. Placeholders allowed.
        pub name: String,
        /// The port. Default: 80. Placeholders allowed.
        pub port: String,
        /// How long a result is used. Default: 1m.
        pub refresh: Duration,
        /// DNS servers. Default: the system's.
        pub resolver: Option<Resolver>,
        /// Time to connect to a DNS server.
        pub dial_timeout: Duration,
        /// Head start of IPv6 over IPv4. Default: 300ms.
        pub dial_fallback_delay: Duration,
        /// Which kinds of addresses. Default: both.
        pub versions: Option<IpVersions>,
    }
}

object! {
    /// Kinds of addresses. If neither is set, both are used.
    pub struct IpVersions {
        /// A records.
        pub ipv4: Option<bool>,
        /// AAAA records.
        pub ipv6: Option<bool>,
    }
}
