//! The ports that this process listens on, so that it can tell its own sockets from those of others.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::address::Network;

/// How many listeners there are on each port, those included that are just closing.
#[derive(Debug, Default)]
pub struct Ports(Mutex<BTreeMap<Port, usize>>);

/// A port of UDP or else TCP.
type Port = (bool, u16);

/// A port counts as ours while one of these lives.
#[derive(Debug)]
pub(super) struct Held {
    ports: Arc<Ports>,
    port: Port,
}

impl Ports {
    /// Whether this process listens on the port, on whatever interface.
    pub fn holds(&self, network: Network, port: u16) -> bool {
        self.counts().contains_key(&(network.is_udp(), port))
    }

    pub(super) fn hold(self: &Arc<Self>, network: Network, port: u16) -> Held {
        let port = (network.is_udp(), port);
        *self.counts().entry(port).or_default() += 1;
        Held { ports: Arc::clone(self), port }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Port, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.ports.counts();
        if let Some(count) = counts.get_mut(&self.port) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.port);
            }
        }
    }
}
