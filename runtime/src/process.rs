//! What belongs to the process and outlives every configuration.

use crate::{logging::Logger, shard::Shards};

/// Shards, tunnels, upstream states, logs, metrics: reached by handlers through an `Arc`, never through a global.
#[derive(Debug)]
pub struct Process {
    /// The threads that serve connections.
    pub shards: Shards,
    /// The root logger.
    pub logger: Logger,
}
