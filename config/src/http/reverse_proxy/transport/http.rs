//! The transport `http`.

use crate::http::reverse_proxy::Resolver;
use crate::network_proxy::NetworkProxy;
use crate::object::object;
use crate::tls::CaPool;
use crate::value::Duration;

object! {
    /// HTTP/1.1, 2 or 3, with or without TLS.
    pub struct Http {
        /// DNS servers to use. Default: the system's.
        pub resolver: Option<Resolver>,
        /// Uses TLS. Default: no.
        pub tls: Option<TransportTls>,
        /// Keeps connections for later requests. Default: yes.
        pub keep_alive: Option<KeepAlive>,
        /// Asks for gzip if the client has not asked for any encoding, and decodes it. Default: yes.
        pub compression: Option<bool>,
        /// Most connections to one upstream. Default: no limit.
        pub max_conns_per_host: i64,
        /// Sends the PROXY protocol, `v1` or `v2`. Default: no.
        pub proxy_protocol: String,
        /// Deprecated: a `network_proxy` by URL.
        pub forward_proxy_url: String,
        /// Time to connect. Default: 3s.
        pub dial_timeout: Duration,
        /// Head start of IPv6 over IPv4. Default: 300ms; negative turns trying both off.
        pub dial_fallback_delay: Duration,
        /// Time for the header of the response. Default: no limit.
        pub response_header_timeout: Duration,
        /// Time to wait for `100 Continue`. Default: 0, do not wait.
        pub expect_continue_timeout: Duration,
        /// Largest header of a response in bytes. Default: 10 MiB.
        pub max_response_header_size: i64,
        /// Buffer for writes to the upstream in bytes. Default: 4096.
        pub write_buffer_size: i64,
        /// Buffer for reads from the upstream in bytes. Default: 4096.
        pub read_buffer_size: i64,
        /// Time for each read. Default: no limit.
        pub read_timeout: Duration,
        /// Time for each write. Default: no limit.
        pub write_timeout: Duration,
        /// `1.1`, `2`, `h2c`, `3`; `3` only alone. Default: 1.1 and 2.
        pub versions: Vec<String>,
        /// Address to connect from. Default: the system's choice.
        pub local_address: String,
        /// Proxy to go through. Default: the one that `HTTP_PROXY` and the like name.
        pub network_proxy: Option<NetworkProxy>,
    }
}

object! {
    /// TLS towards upstreams.
    pub struct TransportTls {
        /// Authorities to trust. Default: the system's.
        pub ca: Option<CaPool>,
        /// Deprecated: authorities to trust, base64 of DER.
        pub root_ca_pool: Vec<String>,
        /// Deprecated: files of authorities to trust.
        pub root_ca_pem_files: Vec<String>,
        /// File of a certificate to present.
        pub client_certificate_file: String,
        /// File of its key.
        pub client_certificate_key_file: String,
        /// Name of a managed certificate to present.
        pub client_certificate_automate: String,
        /// Accepts any certificate.
        pub insecure_skip_verify: bool,
        /// Time for the handshake. Default: no limit.
        pub handshake_timeout: Duration,
        /// Server name to ask for and to verify. Default: the host of the upstream. Placeholders allowed.
        pub server_name: String,
        /// `never` (default), `once` or `freely`.
        pub renegotiation: String,
        /// Ports of upstreams with which no TLS is used.
        pub except_ports: Vec<String>,
        /// Curves, in order of preference.
        pub curves: Vec<String>,
    }
}

object! {
    /// Connections kept for later requests.
    pub struct KeepAlive {
        /// Default: yes.
        pub enabled: Option<bool>,
        /// Time between TCP keep-alive probes. Default: 30s.
        pub probe_interval: Duration,
        /// Most idle connections. Default: no limit.
        pub max_idle_conns: i64,
        /// Most idle connections to one upstream. Default: 32.
        pub max_idle_conns_per_host: i64,
        /// How long a connection may stay idle. Default: 2m.
        pub idle_timeout: Duration,
    }
}
