//! What is wrong with a configuration as far as only the parts of the server know: expressions, patterns, addresses; and
//! what this server does not run yet. Found without opening, reading or making anything.
//!
//! The knowledge stays where the parts are built: this builds them, goes on where one is refused, and throws the rest
//! away.

use std::{collections::BTreeMap, sync::Arc};

use caddis_config::Config;

use crate::{
    build::{Build, BuildError},
    instance::Instance,
    logging::{Fields, Level, Logger, Sink},
    process::Process,
    shard::Shards,
};

/// What a run would refuse wherever it is started, each with its JSON pointer. What depends on the machine (a file that
/// is missing, a variable of the environment) is not among it.
#[must_use]
pub fn survey(config: &Config) -> Vec<BuildError> {
    Instance::survey(config, Build::survey(Arc::new(silent())))
}

/// The same, and what is wrong with the certificates and keys that the configuration names, which are read as a run reads
/// them, and with the places of logs and of the storage, which the run must be able to write. The environment is that of the
/// run. No socket is bound, nobody is asked, and nothing is written.
#[must_use]
pub fn provision(config: &Config, environment: BTreeMap<String, String>) -> Vec<BuildError> {
    let process = silent().with_environment(environment);
    Instance::survey(config, Build::provision(Arc::new(process)))
}

fn silent() -> Process {
    Process::new(Shards::none(), Logger::root(Box::new(Silence)))
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
