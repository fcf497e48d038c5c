//! What the shards know of each other's connections: how many are open, which of them wait, and how many there may be.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{
    exchange::Sender,
    known::Known,
    pool::{self, Key},
};
use crate::{process::Process, shard};

/// Limits of all shards together; `None` where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Most {
    /// `max_conns_per_host`: connections to one upstream.
    pub(super) connections: Option<usize>,
    /// `max_idle_conns_per_host`: those of them that wait for a request.
    pub(super) idle_per_host: Option<usize>,
    /// `max_idle_conns`: connections that wait, to all upstreams.
    pub(super) idle: Option<usize>,
}

/// The connections of a transport. Equal transports share one, as they share connections; with the last of them go those
/// that wait.
#[derive(Debug)]
pub(crate) struct Connections {
    most: Most,
    process: Weak<Process>,
    idle: Arc<Count>,
    hosts: Mutex<Known<Key, Arc<Places>>>,
}

/// The connections to one upstream.
#[derive(Debug)]
pub(super) struct Places {
    /// Those that may still be opened.
    free: Option<Arc<Semaphore>>,
    idle: Count,
    idle_everywhere: Arc<Count>,
    shards: Vec<OnShard>,
}

/// What one shard has of them.
#[derive(Debug, Default)]
struct OnShard {
    /// Connections that others may borrow when they wait.
    open: AtomicUsize,
    /// Requests that wait for a connection.
    waiting: AtomicUsize,
    returned: Notify,
}

/// A number that does not exceed a limit.
#[derive(Debug)]
struct Count {
    now: AtomicUsize,
    most: usize,
}

/// Holds the place of a connection for as long as it is open, where there is a limit.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
    places: Arc<Places>,
    /// Whether the connection counts among those that wait.
    idle: bool,
}

/// Tells other shards of a connection for as long as it is open.
#[derive(Debug)]
pub(super) struct Open {
    places: Arc<Places>,
    shard: usize,
}

/// What a request goes on with.
pub(super) enum Entered {
    /// A connection that has waited.
    Kept(Sender),
    /// A new one is to be opened.
    New(Option<Box<Place>>),
}

impl Connections {
    pub(super) fn new(most: Most, process: &Arc<Process>) -> Self {
        Self {
            most,
            process: Arc::downgrade(process),
            idle: Arc::new(Count::new(most.idle)),
            hosts: Mutex::default(),
        }
    }

    /// Waits for a connection or for the right to open one.
    pub(super) async fn enter(&self, key: &Key, multiplexed: bool) -> Entered {
        let Most { connections, idle_per_host, idle } = self.most;
        if connections.is_none() && idle_per_host.is_none() && idle.is_none() {
            return Entered::New(None);
        }
        let places = self.places(key);
        let Some(free) = &places.free else { return Entered::New(Some(places.place(None))) };
        let here = places.here();
        let mut asked = false;
        loop {
            let mut returned = pin!(here.returned.notified());
            returned.as_mut().enable();
            if let Some(sender) = pool::any(key, multiplexed) {
                return Entered::Kept(sender);
            }
            let _waiting = Waiting::new(here);
            if free.available_permits() == 0 && !std::mem::replace(&mut asked, true) {
                self.close_another(key, &places);
            }
            tokio::select! {
                permit = Arc::clone(free).acquire_owned() => {
                    let permit = permit.expect("it is never closed");
                    return Entered::New(Some(places.place(Some(permit))));
                }
                () = returned => {}
            }
        }
    }

    /// Tells other shards of a connection that is about to be opened here.
    pub(super) fn opening(&self, key: &Key) -> Option<Open> {
        let shard = shard::current()?;
        let places = self.places(key);
        places.shards.get(shard)?.open.fetch_add(1, Relaxed);
        Some(Open { places, shard })
    }

    /// The process, and its other shards that have connections to an upstream open.
    pub(super) fn elsewhere(&self, key: &Key) -> Option<(Arc<Process>, Vec<usize>)> {
        let process = self.process.upgrade().filter(|process| process.shards.count() > 1)?;
        let here = shard::current()?;
        let shards = self.places(key).others(here);
        (!shards.is_empty()).then_some((process, shards))
    }

    fn places(&self, key: &Key) -> Arc<Places> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nothing is connected to are of no use.
        let useful = |places: &Arc<Places>| Arc::strong_count(places) > 1;
        let places = hosts.get(key, useful, || {
            let shards = self.process.upgrade().map_or(1, |process| process.shards.count().max(1));
            let free = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
            Arc::new(Places {
                free: self.most.connections.map(free),
                idle: Count::new(self.most.idle_per_host),
                idle_everywhere: Arc::clone(&self.idle),
                shards: std::iter::repeat_with(OnShard::default).take(shards).collect(),
            })
        });
        Arc::clone(places)
    }

    /// Has one connection closed that waits on another shard.
    fn close_another(&self, key: &Key, places: &Places) {
        let (Some(process), Some(here)) = (self.process.upgrade(), shard::current()) else { return };
        let found = Arc::new(AtomicBool::new(false));
        for shard in places.others(here) {
            let (key, found) = (key.clone(), Arc::clone(&found));
            process.shards.run_on(shard, move || {
                if !found.load(Relaxed) && pool::take(&key).is_some() {
                    found.store(true, Relaxed);
                }
            });
        }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        let Some(process) = self.process.upgrade() else { return };
        for shard in 0..process.shards.count() {
            process.shards.run_on(shard, pool::sweep);
        }
    }
}

impl Places {
    fn here(&self) -> &OnShard {
        &self.shards[shard::current().unwrap_or(0) % self.shards.len()]
    }

    /// Other shards that have connections open.
    fn others(&self, here: usize) -> Vec<usize> {
        let open = |shard: &usize| *shard != here && self.shards[*shard].open.load(Relaxed) > 0;
        (0..self.shards.len()).filter(open).collect()
    }

    fn place(self: &Arc<Self>, permit: Option<OwnedSemaphorePermit>) -> Box<Place> {
        Box::new(Place { _permit: permit, places: Arc::clone(self), idle: false })
    }
}

impl Place {
    /// Counts the connection among those that wait; whether it may.
    pub(super) fn wait(&mut self) -> bool {
        if self.is_wanted_elsewhere() || !self.places.idle.enter() {
            return false;
        }
        if !self.places.idle_everywhere.enter() {
            self.places.idle.leave();
            return false;
        }
        self.idle = true;
        // Requests of this shard may wait for it.
        self.places.here().returned.notify_one();
        true
    }

    /// The connection does not wait any more.
    pub(super) fn go(&mut self) {
        if std::mem::take(&mut self.idle) {
            self.places.idle.leave();
            self.places.idle_everywhere.leave();
        }
    }

    /// Whether the connection should be closed, so that a request of another shard gets its turn. Requests of all shards
    /// have the same chance.
    fn is_wanted_elsewhere(&self) -> bool {
        let here = self.places.here().waiting.load(Relaxed);
        let all: usize = self.places.shards.iter().map(|shard| shard.waiting.load(Relaxed)).sum();
        all > here && fastrand::usize(..all) >= here
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.go();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.places.shards[self.shard].open.fetch_sub(1, Relaxed);
    }
}

impl Count {
    fn new(most: Option<usize>) -> Self {
        Self { now: AtomicUsize::new(0), most: most.unwrap_or(usize::MAX) }
    }

    /// Counts one more; whether there is room.
    fn enter(&self) -> bool {
        self.now.try_update(Relaxed, Relaxed, |now| (now < self.most).then_some(now + 1)).is_ok()
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Relaxed);
    }
}

/// Counts a request that waits.
struct Waiting<'a>(&'a OnShard);

impl<'a> Waiting<'a> {
    fn new(here: &'a OnShard) -> Self {
        here.waiting.fetch_add(1, Relaxed);
        Self(here)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}
