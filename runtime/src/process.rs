//! What belongs to the process and outlives every configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use rustls::server::{ProducesTickets, ServerSessionMemoryCache};

use crate::{
    folders::Folders,
    http::handlers::reverse_proxy::Hosts,
    listen::{Endpoints, Ports},
    logging::{Logger, output::Outputs},
    metrics::Metrics,
    mirrors::Mirrors,
    shard::Shards,
    tunnel,
};

/// How many sessions of QUIC connections are remembered: some 2 MiB. A connection gets two.
const SESSIONS: usize = 8192;

/// Shards, tunnels, upstream states, logs, metrics: reached by handlers through an `Arc`, never through a global.
#[derive(Debug)]
pub struct Process {
    /// The threads that serve connections.
    pub shards: Shards,
    /// The root logger.
    pub logger: Logger,
    /// The streams of upgraded connections.
    pub tunnels: Arc<tunnel::Registry>,
    /// The ports that this process listens on.
    pub ports: Arc<Ports>,
    /// The ends of QUIC connections.
    pub(crate) endpoints: Arc<Endpoints>,
    /// What is known of upstreams.
    pub hosts: Arc<Hosts>,
    /// Where data is kept unless a configuration says otherwise. Not set: the folders that the environment names.
    pub folders: OnceLock<Folders>,
    /// Keys of TLS session tickets, so that sessions can be resumed after a reload.
    pub(crate) tickets: OnceLock<Result<Arc<dyn ProducesTickets>, rustls::Error>>,
    /// TLS sessions of QUIC connections, which permit early data.
    pub(crate) sessions: LazyLock<Arc<ServerSessionMemoryCache>>,
    /// Variables for `{env.*}` and for the folders; `None` stands for those of the operating system.
    environment: Option<BTreeMap<String, String>>,
    /// The outputs that logs write to.
    pub(crate) outputs: Arc<Outputs>,
    /// What mirrors have found.
    pub(crate) mirrors: Arc<Mirrors>,
    /// What is counted.
    pub(crate) metrics: Metrics,
}

impl Process {
    /// A process that has served nothing yet.
    #[must_use]
    pub fn new(shards: Shards, logger: Logger) -> Self {
        let tunnels = Arc::default();
        let (ports, endpoints, outputs) = <_>::default();
        let hosts = Arc::new(Hosts::new(&logger));
        let mirrors = Arc::default();
        let metrics = Metrics::new(Arc::clone(&tunnels), Arc::clone(&hosts), Arc::clone(&mirrors));
        let (folders, tickets) = (OnceLock::new(), OnceLock::new());
        Self {
            shards,
            logger,
            tunnels,
            ports,
            endpoints,
            hosts,
            folders,
            tickets,
            sessions: LazyLock::new(|| ServerSessionMemoryCache::new(SESSIONS)),
            environment: None,
            outputs,
            mirrors,
            metrics,
        }
    }

    /// The same process with another environment than that of the operating system.
    #[must_use]
    pub fn with_environment(mut self, variables: BTreeMap<String, String>) -> Self {
        self.environment = Some(variables);
        self
    }

    /// The value of a variable, `None` when it is not set.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        match &self.environment {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
        }
    }
}
