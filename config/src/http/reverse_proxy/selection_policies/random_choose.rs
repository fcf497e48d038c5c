//! The policy `random_choose`.

use crate::object::object;

object! {
    /// The one with the fewest requests in flight among some chosen at random.
    pub struct RandomChoose {
        /// How many are chosen, at least 2. Default: 2.
        pub choose: i64,
    }
}
