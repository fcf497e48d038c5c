//! The handler `reverse_proxy`.

use crate::http::ResponseHandler;
use crate::http::handlers::{Headers, Rewrite};
use crate::http::reverse_proxy::{
    CircuitBreaker, HealthChecks, LoadBalancing, StreamLogs, Transport, Upstream, UpstreamSource,
};
use crate::object::object;
use crate::value::Duration;

object! {
    /// Forwards requests to upstreams.
    pub struct ReverseProxy {
        /// How to talk to the upstreams. Default: HTTP.
        pub transport: Option<Transport>,
        /// Keeps requests from an upstream that fails.
        pub circuit_breaker: Option<CircuitBreaker>,
        /// Which upstream a request goes to, and retries.
        pub load_balancing: Option<LoadBalancing>,
        /// Which upstreams are healthy.
        pub health_checks: Option<HealthChecks>,
        /// The upstreams.
        pub upstreams: Vec<Upstream>,
        /// Where to get upstreams from for each request; `upstreams` are used if that fails.
        pub dynamic_upstreams: Option<UpstreamSource>,
        /// How often to flush the response to the client; negative is at once. Default: when the buffer is full,
        /// but at once for event streams and responses of unknown length.
        pub flush_interval: Duration,
        /// Address ranges of peers whose `X-Forwarded-*` headers are passed on and added to.
        pub trusted_proxies: Vec<String>,
        /// Changes of headers on the way up and down.
        pub headers: Option<Headers>,
        /// Bytes of the request body to read before it is sent; -1 is all. Default: 0.
        pub request_buffers: i64,
        /// Bytes of the response body to read before it is sent; -1 is all. Default: 0.
        pub response_buffers: i64,
        /// Lifetime of an upgraded stream. Default: no limit.
        pub stream_timeout: Duration,
        /// Bytes of buffer in each direction of an upgraded stream. Default: 32768.
        pub stream_buffer_size: i64,
        /// How long streams outlive the configuration they were opened under. Default: 0.
        pub stream_close_delay: Duration,
        /// Keeps upgraded streams over reloads for as long as their upstream is configured.
        pub stream_detached: bool,
        /// Logs upgraded streams. Default: no.
        pub stream_logs: Option<StreamLogs>,
        /// Changes of the request as the upstream sees it; applied once, before retries.
        pub rewrite: Option<Rewrite>,
        /// What to do with responses; the first that matches is applied.
        pub handle_response: Vec<ResponseHandler>,
        /// Logs headers too at level DEBUG.
        pub verbose_logs: bool,
    }
}
