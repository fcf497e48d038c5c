//! Load balancing: selection and retries.

use super::SelectionPolicy;
use crate::http::MatcherSet;
use crate::object::object;
use crate::value::Duration;

object! {
    /// Which upstream a request goes to, and when another is tried.
    pub struct LoadBalancing {
        /// Default: random.
        pub selection_policy: Option<SelectionPolicy>,
        /// Most retries. Default: 0.
        pub retries: i64,
        /// How long to go on retrying. Default: 0.
        pub try_duration: Duration,
        /// Time between tries. Default: 250ms with `try_duration`, otherwise 0.
        pub try_interval: Duration,
        /// Longest time between tries: each wait is up to twice as long as the one before until it is this long, and half
        /// of each is left to chance. Default: every wait is `try_interval`. Beyond Caddy.
        pub try_max_interval: Duration,
        /// Limits all retries together. Default: no limit. Beyond Caddy.
        pub retry_budget: Option<RetryBudget>,
        /// Requests that may be retried after more than a failed dial. Default: GET.
        pub retry_match: Vec<MatcherSet>,
    }
}

object! {
    /// How many retries there may be for the requests there are.
    pub struct RetryBudget {
        /// Retries for every hundred requests. Default: 0.
        pub percent: i64,
        /// Retries that are allowed every second, however few requests there are. Default: 0.
        pub min_per_second: i64,
    }
}
