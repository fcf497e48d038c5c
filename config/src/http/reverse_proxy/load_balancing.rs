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
        /// Requests that may be retried after more than a failed dial. Default: GET.
        pub retry_match: Vec<MatcherSet>,
    }
}
