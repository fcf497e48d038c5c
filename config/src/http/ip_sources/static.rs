//! The source `static`.

use crate::object::object;

object! {
    /// A fixed list.
    pub struct StaticRanges {
        /// Addresses and CIDR ranges.
        pub ranges: Vec<String>,
    }
}
