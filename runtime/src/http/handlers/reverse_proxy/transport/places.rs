//! `max_conns_per_host`: connections to one upstream, of all shards together.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{
    exchange::Sender,
    pool::{self, Key},
};
use crate::{process::Process, shard};

/// How many upstreams are known before those that nothing is connected to are forgotten.
const KNOWN: usize = 100;

/// The limits of a transport. Equal transports share one, as they share connections.
#[derive(Debug)]
pub(crate) struct Limit {
    most: usize,
    process: std::sync::Weak<Process>,
    hosts: Mutex<HashMap<Key, Arc<Places>>>,
}

/// The connections that there may be to one upstream.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// One for each shard.
    shards: Vec<Queue>,
}

/// Requests of one shard that wait for a connection.
#[derive(Debug, Default)]
struct Queue {
    waiting: AtomicUsize,
    returned: Notify,
}

/// Holds the place of a connection for as long as it is open.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    places: Arc<Places>,
}

/// What a request goes on with.
pub(super) enum Entered {
    /// A connection that has waited.
    Kept(Sender),
    /// The right to open one.
    New(Place),
}

impl Limit {
    pub(super) fn new(most: usize, process: &Arc<Process>) -> Self {
        Self { most, process: Arc::downgrade(process), hosts: Mutex::default() }
    }

    /// Waits for a connection or for the right to open one.
    pub(super) async fn enter(&self, key: &Key, multiplexed: bool) -> Entered {
        let places = self.places(key);
        let queue = places.queue();
        let mut asked = false;
        loop {
            let mut returned = pin!(queue.returned.notified());
            returned.as_mut().enable();
            if let Some(sender) = pool::any(key, multiplexed) {
                return Entered::Kept(sender);
            }
            let _waiting = Waiting::new(queue);
            if places.free.available_permits() == 0 && !std::mem::replace(&mut asked, true) {
                self.ask_others(key);
            }
            tokio::select! {
                permit = Arc::clone(&places.free).acquire_owned() => {
                    let permit = permit.expect("it is never closed");
                    return Entered::New(Place { _permit: permit, places: Arc::clone(&places) });
                }
                () = returned => {}
            }
        }
    }

    fn places(&self, key: &Key) -> Arc<Places> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = hosts.get(key) {
            return Arc::clone(places);
        }
        if hosts.len() >= KNOWN {
            hosts.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let shards = self.process.upgrade().map_or(1, |process| process.shards.count().max(1));
        let places = Arc::new(Places {
            free: Arc::new(Semaphore::new(self.most.min(Semaphore::MAX_PERMITS))),
            shards: std::iter::repeat_with(Queue::default).take(shards).collect(),
        });
        hosts.insert(key.clone(), Arc::clone(&places));
        places
    }

    /// Has one connection closed that waits on another shard.
    fn ask_others(&self, key: &Key) {
        let Some(process) = self.process.upgrade() else { return };
        let found = Arc::new(AtomicBool::new(false));
        for shard in (0..process.shards.count()).filter(|shard| shard::current() != Some(*shard)) {
            let (key, found) = (key.clone(), Arc::clone(&found));
            process.shards.run_on(shard, move || {
                if !found.load(Relaxed) && pool::take(&key).is_some() {
                    found.store(true, Relaxed);
                }
            });
        }
    }
}

impl Places {
    fn queue(&self) -> &Queue {
        &self.shards[shard::current().unwrap_or(0) % self.shards.len()]
    }
}

impl Place {
    /// Whether the connection should be closed, so that a request of another shard gets its turn. Requests of all shards
    /// have the same chance.
    pub(super) fn is_wanted_elsewhere(&self) -> bool {
        let here = self.places.queue().waiting.load(Relaxed);
        let all: usize = self.places.shards.iter().map(|queue| queue.waiting.load(Relaxed)).sum();
        all > here && fastrand::usize(..all) >= here
    }

    /// Tells requests of this shard that the connection waits for one.
    pub(super) fn returned(&self) {
        self.places.queue().returned.notify_one();
    }
}

/// Counts a request that waits.
struct Waiting<'a>(&'a Queue);

impl<'a> Waiting<'a> {
    fn new(queue: &'a Queue) -> Self {
        queue.waiting.fetch_add(1, Relaxed);
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}
