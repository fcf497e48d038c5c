//! The source `combined`.

use super::CaPool;
use crate::object::object;

object! {
    /// The authorities of several sources.
    pub struct Combined {
        /// The sources.
        pub sources: Vec<CaPool>,
    }
}
