//! The policy `weighted_round_robin`.

use crate::object::object;

object! {
    /// Each in turn, as often as its weight says.
    pub struct WeightedRoundRobin {
        /// Weights in the order of the upstreams; 0 is never.
        pub weights: Vec<i64>,
    }
}
