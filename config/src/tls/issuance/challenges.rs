//! The challenges of ACME.

use crate::dns::DnsProvider;
use crate::object::object;
use crate::value::Duration;

object! {
    /// The challenges of ACME. A DNS challenge takes the place of the others.
    pub struct Challenges {
        /// Challenge by HTTP.
        pub http: Option<HttpChallenge>,
        /// Challenge by TLS-ALPN.
        pub tls_alpn("tls-alpn"): Option<TlsAlpnChallenge>,
        /// Challenge by DNS.
        pub dns: Option<DnsChallenge>,
        /// Host to listen on for challenges. Default: all interfaces.
        pub bind_host: String,
        /// Shares challenges with other instances through the storage. Default: yes.
        pub distributed: Option<bool>,
    }
}

object! {
    /// The challenge `http-01`.
    pub struct HttpChallenge {
        /// Does not use it.
        pub disabled: bool,
        /// Port to listen on, if port 80 is forwarded there.
        pub alternate_port: i64,
    }
}

object! {
    /// The challenge `tls-alpn-01`.
    pub struct TlsAlpnChallenge {
        /// Does not use it.
        pub disabled: bool,
        /// Port to listen on, if port 443 is forwarded there.
        pub alternate_port: i64,
    }
}

object! {
    /// The challenge `dns-01`.
    pub struct DnsChallenge {
        /// The provider of the zone. Default: the one of the app.
        pub provider: Option<DnsProvider>,
        /// Time to live of the records.
        pub ttl: Duration,
        /// Time before looking for the records. Default: 0.
        pub propagation_delay: Duration,
        /// Time to look for them; -1 does not look. Default: 2m.
        pub propagation_timeout: Duration,
        /// DNS servers to look with. Default: the zone's own.
        pub resolvers: Vec<String>,
        /// Domain of the records, if the real one delegates there.
        pub override_domain: String,
    }
}
