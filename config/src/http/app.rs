//! The app itself: ports, shutdown, servers.

use std::collections::BTreeMap;

use super::Server;
use crate::object::object;
use crate::value::Duration;

object! {
    /// The app `http`.
    pub struct App {
        /// Port for plain HTTP, where redirects and challenges are answered. Default: 80.
        pub http_port: i64,
        /// Port for HTTPS. Default: 443.
        pub https_port: i64,
        /// How long active requests may go on when a server stops. Default: no limit.
        pub grace_period: Duration,
        /// How long to keep serving after a stop was asked for. Default: 0.
        pub shutdown_delay: Duration,
        /// The servers by a name of the author's choice.
        pub servers: BTreeMap<String, Server>,
        /// Turns request metrics on.
        pub metrics: Option<Metrics>,
    }
}

object! {
    /// Which request metrics are kept.
    pub struct Metrics {
        /// Labels them with the host of the request.
        pub per_host: bool,
        /// Keeps a label for each host of a catch-all server too, where clients choose the names.
        pub observe_catchall_hosts: bool,
        /// Also pushes them by OTLP, as the `OTEL_*` variables say.
        pub otlp: bool,
    }
}
