//! The handler `metrics`.

use crate::object::object;

object! {
    /// Answers with the metrics of the process.
    pub struct Metrics {
        /// Answers in the Prometheus text format even to clients that take OpenMetrics.
        pub disable_openmetrics: bool,
    }
}
