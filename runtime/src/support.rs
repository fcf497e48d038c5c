//! What is wrong with a configuration as far as only the parts of the server know: expressions, patterns, addresses; and
//! what this server does not run yet. Found without opening, reading or making anything.
//!
//! The knowledge stays where the parts are built: this builds them, goes on where one is refused, and throws the rest
//! away.

use std::sync::Arc;

use caddis_config::Config;

use crate::{
    build::BuildError,
    instance::Instance,
    logging::{Fields, Level, Logger, Sink},
    process::Process,
    shard::Shards,
};

/// What a run would refuse wherever it is started, each with its JSON pointer. What depends on the machine (a file that
/// is missing, a variable of the environment) is not among it.
#[must_use]
pub fn survey(config: &Config) -> Vec<BuildError> {
    let process = Process::new(Shards::none(), Logger::root(Box::new(Silence)));
    Instance::survey(config, Arc::new(process))
}

/// Takes no lines.
struct Silence;

impl Sink for Silence {
    fn enabled(&self, _: Level, _: &str) -> bool {
        false
    }

    fn write(&self, _: Level, _: &str, _: &str, _: &Fields) {}
}

#[cfg(test)]
mod tests;
