//! The source `multi`.

use super::UpstreamSource;
use crate::object::object;

object! {
    /// The upstreams of several sources, one after the other; one that fails is left out.
    pub struct Multi {
        /// The sources.
        pub sources: Vec<UpstreamSource>,
    }
}
