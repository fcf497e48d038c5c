//! Health checks: asking upstreams, and watching what they answer.

use crate::http::Headers;
use crate::object::object;
use crate::value::Duration;

object! {
    /// Which upstreams are healthy.
    pub struct HealthChecks {
        /// Requests made for the purpose. Default: none.
        pub active: Option<ActiveHealthChecks>,
        /// Conclusions from proxied requests. Default: none.
        pub passive: Option<PassiveHealthChecks>,
    }
}

object! {
    /// Requests made in the background; they are on if `path`, `uri` or `port` is set.
    pub struct ActiveHealthChecks {
        /// Deprecated: `uri` without a query.
        pub path: String,
        /// Path and query.
        pub uri: String,
        /// Address to ask instead of the upstream's.
        pub upstream: String,
        /// Port to ask instead of the upstream's.
        pub port: i64,
        /// Header fields to send. Placeholders allowed.
        pub headers: Headers,
        /// Default: GET.
        pub method: String,
        /// Body to send. Placeholders allowed.
        pub body: String,
        /// Follows redirects.
        pub follow_redirects: bool,
        /// Time between checks. Default: 30s.
        pub interval: Duration,
        /// Time for an answer. Default: 5s.
        pub timeout: Duration,
        /// Checks to pass before an upstream is healthy again. Default: 1.
        pub passes: i64,
        /// Checks to fail before it is unhealthy. Default: 1.
        pub fails: i64,
        /// Most bytes of body that are read. Default: no limit.
        pub max_size: i64,
        /// Status that is healthy; a single digit is the class. Default: 2.
        pub expect_status: i64,
        /// Regular expression that the body must match.
        pub expect_body: String,
    }
}

object! {
    /// Conclusions from proxied requests; they are on if `fail_duration` is positive.
    pub struct PassiveHealthChecks {
        /// How long a failure is remembered.
        pub fail_duration: Duration,
        /// Remembered failures that make an upstream unhealthy. Default: 1.
        pub max_fails: i64,
        /// Requests in flight that make an upstream unhealthy. Default: no limit.
        pub unhealthy_request_count: i64,
        /// Statuses that are failures; a single digit is the class.
        pub unhealthy_status: Vec<i64>,
        /// Time to the header of a response that is a failure. Default: none.
        pub unhealthy_latency: Duration,
    }
}
