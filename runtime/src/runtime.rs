//! The server as a whole: a process and the configuration that it runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use caddis_config::{Config, to_json};

use crate::{
    build::BuildError, descriptors, instance::Instance, logging::Logger, process::Process, shard::Shards,
};

/// Runs configurations, one after the other.
#[derive(Debug)]
pub struct Runtime {
    process: Arc<Process>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    fingerprint: Fingerprint,
    instance: Instance,
}

/// SHA-256 of a configuration's JSON, which takes less room than the configuration.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint(Vec<u8>);

impl Fingerprint {
    fn of(config: &Config) -> Self {
        Self(digest::digest(&digest::SHA256, to_json(config).as_bytes()).as_ref().to_vec())
    }
}

impl Runtime {
    /// A runtime with a shard for each core, whose configurations see these variables. It runs nothing yet. The process
    /// may open as many files from now on as the system allows.
    ///
    /// # Errors
    /// When the threads cannot be made.
    pub fn start(logger: Logger, environment: BTreeMap<String, String>) -> std::io::Result<Self> {
        descriptors::raise_limit(&logger);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let process = Process::new(Shards::start(cores)?, logger).with_environment(environment);
        Ok(Self::new(Arc::new(process)))
    }

    /// A runtime in a process that is there already.
    #[must_use]
    pub fn new(process: Arc<Process>) -> Self {
        Self { process, running: Mutex::new(None) }
    }

    /// What outlives configurations.
    #[must_use]
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Runs a configuration in the place of the one that runs now; says whether anything changed. A configuration equal
    /// to the one that runs changes nothing unless `force` is set, for example because files have changed.
    ///
    /// Must not be called on a shard, because it reads files.
    ///
    /// # Errors
    /// Names the part that cannot be run. The configuration that runs goes on as if nothing had been asked for.
    pub fn load(&self, config: &Config, force: bool) -> Result<bool, BuildError> {
        let fingerprint = Fingerprint::of(config);
        let mut running = self.running();
        if !force && running.as_ref().is_some_and(|running| running.fingerprint == fingerprint) {
            return Ok(false);
        }
        let previous = running.as_ref().map(|running| &running.instance);
        let mut instance = Instance::build(config, previous, &self.process)?;
        let previous = running.take().map(|running| running.instance);
        instance.commit(previous, &self.process);
        *running = Some(Running { fingerprint, instance });
        Ok(true)
    }

    /// Asks something of the instance that runs now.
    pub fn with_instance<T>(&self, ask: impl FnOnce(Option<&Instance>) -> T) -> T {
        ask(self.running().as_ref().map(|running| &running.instance))
    }

    /// Stops what runs, and what is loaded meanwhile. Done when the last request is answered or the grace period is over.
    /// Tunnels are closed before that is waited for, because those on streams of HTTP/2 and HTTP/3 hold their connections
    /// open. Another configuration can be loaded afterwards.
    pub async fn stop(&self) {
        let tunnels = &self.process.tunnels;
        loop {
            let running = self.running().take();
            let Some(Running { instance, .. }) = running else { break };
            instance.stop(|| tunnels.close_all()).await;
        }
        tunnels.close_all();
        tunnels.drained().await;
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
