//! A server: listeners, limits, routes, TLS, logs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ip_sources::IpSource;
use super::{ErrorRoutes, Metrics, Route};
use crate::ConfigError;
use crate::decode::{Decode, Options};
use crate::encode::{Encode, Writer};
use crate::listeners::{ListenerWrapper, PacketConnWrapper};
use crate::object::object;
use crate::tls::ConnectionPolicy;
use crate::value::Duration;

object! {
    /// One server. A duration of zero means its default, a negative one turns the limit off.
    pub struct Server {
        /// Addresses to listen on: `network/host:port-port`. Default: the HTTPS port on all interfaces.
        pub listen: Vec<String>,
        /// Wrappers around accepted connections, outermost first; `tls` marks where TLS begins.
        pub listener_wrappers: Vec<ListenerWrapper>,
        /// Wrappers around the UDP sockets of HTTP/3.
        pub packet_conn_wrappers: Vec<PacketConnWrapper>,
        /// Time to read a whole request. Default: none.
        pub read_timeout: Duration,
        /// Time to read the header of a request. Default: 1m.
        pub read_header_timeout: Duration,
        /// How long a read of the body may stall. Default: 1m.
        pub read_idle_timeout: Duration,
        /// Bytes a second a client must send on average. Default: 0.
        pub read_min_rate: i64,
        /// Time to write a whole response. Default: none.
        pub write_timeout: Duration,
        /// How long a write may stall. Default: 1m.
        pub write_idle_timeout: Duration,
        /// Bytes a second a client must take on average. Default: 0.
        pub write_min_rate: i64,
        /// Largest write, in bytes, that one stall limit covers. Default: 65536.
        pub max_write_chunk: i64,
        /// How long a kept-alive connection may wait for its next request. Default: 5m.
        pub idle_timeout: Duration,
        /// Time between TCP keep-alive probes. Default: 15s.
        pub keepalive_interval: Duration,
        /// Silence before the first TCP keep-alive probe. Default: 15s.
        pub keepalive_idle: Duration,
        /// Unanswered probes after which a connection is dead. Default: 9.
        pub keepalive_count: i64,
        /// Largest header of a request in bytes. Default: 16384.
        pub max_header_bytes: i64,
        /// Lets HTTP/1.1 handlers respond before the request body has been read.
        pub enable_full_duplex: bool,
        /// Offers WebTransport sessions over HTTP/3. Without `h3` among the protocols it has no effect. An empty object
        /// `webtransport` is read as the same.
        pub enable_webtransport(or object "webtransport"): bool,
        /// Header names with `_` that are let through; others are dropped. A trailing `*` is a wildcard.
        pub expected_underscore_headers: Vec<String>,
        /// Header names with `.` that are let through; others are dropped. A trailing `*` is a wildcard.
        pub expected_dot_headers: Vec<String>,
        /// The routes, tried in order. A request that none answers gets an empty 200.
        pub routes: Vec<Route>,
        /// What to do when a route fails. Default: an empty response with the status of the error.
        pub errors: Option<ErrorRoutes>,
        /// Routes that the handler `invoke` calls by name.
        pub named_routes: BTreeMap<String, Route>,
        /// How to do TLS, by properties of the handshake: the first policy that matches. Default: no TLS,
        /// unless automatic HTTPS adds a policy.
        pub tls_connection_policies: Vec<ConnectionPolicy>,
        /// Automatic HTTPS: certificates and redirects for the hosts of the routes.
        pub automatic_https: Option<AutoHttps>,
        /// Refuses a `Host` that differs from the TLS server name. Default: on if a policy authenticates clients.
        pub strict_sni_host: Option<bool>,
        /// Peers whose headers about the client are believed.
        pub trusted_proxies: Option<IpSource>,
        /// Headers that name the client, in order of preference. Default: `X-Forwarded-For`.
        pub client_ip_headers: Vec<String>,
        /// 1 reads those headers from the right, skipping trusted proxies; 0 takes the left-most address.
        pub trusted_proxies_strict: i64,
        /// Whether peers on Unix sockets are trusted proxies.
        pub trusted_proxies_unix: bool,
        /// Access logs. Default: none.
        pub logs: Option<ServerLogs>,
        /// `h1`, `h2`, `h2c`, `h3`. Default: h1, h2 and h3.
        pub protocols: Vec<String>,
        /// The same for each address of `listen`; `null` where `protocols` applies.
        pub listen_protocols: Vec<Option<Vec<String>>>,
        /// Whether HTTP/3 accepts early data. Default: yes.
        pub allow_0rtt: Option<bool>,
        /// Deprecated place of the app's `metrics`.
        pub metrics: Option<Metrics>,
    }
}

object! {
    /// What automatic HTTPS does for a server.
    pub struct AutoHttps {
        /// Turns all of it off.
        pub disable: bool,
        /// Adds no redirects from HTTP.
        pub disable_redirects: bool,
        /// Manages no certificates.
        pub disable_certificates: bool,
        /// Hosts left out altogether.
        pub skip: Vec<String>,
        /// Hosts for which no certificate is managed.
        pub skip_certificates: Vec<String>,
        /// Manages certificates even for names that a loaded certificate covers.
        pub ignore_loaded_certificates: bool,
    }
}

object! {
    /// Access logs of a server.
    pub struct ServerLogs {
        /// Logger of hosts without one of their own.
        pub default_logger_name: String,
        /// Loggers by host; the left-most label may be `*`.
        pub logger_names: BTreeMap<String, LoggerNames>,
        /// Hosts that are not logged.
        pub skip_hosts: Vec<String>,
        /// Logs only the hosts in `logger_names`.
        pub skip_unmapped_hosts: bool,
        /// Writes Cookie, Set-Cookie, Authorization and Proxy-Authorization in clear.
        pub should_log_credentials: bool,
        /// Logs each handler that is invoked, at level DEBUG.
        pub trace: bool,
    }
}

/// Names of loggers: in JSON an array, or a single name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoggerNames(pub Vec<String>);

impl Decode for LoggerNames {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        match value {
            Value::String(name) => Ok(Self(vec![name])),
            other => Vec::decode(other, options).map(Self),
        }
    }
}

impl Encode for LoggerNames {
    fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Server;
    use crate::{ConfigError, from_value, to_json};

    #[test]
    fn webtransport_has_two_spellings() {
        for (value, written) in [
            (json!({"webtransport": {}}), r#"{"enable_webtransport":true}"#),
            (json!({"enable_webtransport": true}), r#"{"enable_webtransport":true}"#),
            (json!({"enable_webtransport": true, "webtransport": {}}), r#"{"enable_webtransport":true}"#),
            (json!({"webtransport": null}), "{}"),
        ] {
            assert_eq!(to_json(&from_value::<Server>(value).unwrap()), written);
        }
        for wrong in [json!({"webtransport": true}), json!({"webtransport": {"sessions": 1}})] {
            let error: ConfigError = from_value::<Server>(wrong).unwrap_err();
            assert!(error.path.starts_with("/webtransport"), "{error}");
        }
    }
}
