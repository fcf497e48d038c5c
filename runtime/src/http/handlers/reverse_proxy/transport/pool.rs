//! Connections to upstreams that wait for their next request. Each shard has its own, so nothing is locked; a request that
//! finds none may borrow one of another shard.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;

use super::{
    super::dial::Dial, borrow::Away, exchange::Sender, h1::H1, h2, h3, offer::Offer, places::Connections,
};

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// What connections must have in common to be used for one another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The fingerprint of the transport: of its configuration and the files it names.
    pub(crate) transport: u64,
    pub(crate) dial: Arc<Dial>,
    /// Whether only HTTP/1.1 will do, because the request wants to switch protocols.
    pub(crate) upgradable: bool,
    /// What else the connection was opened for: the server name of TLS, the client named by the PROXY protocol.
    pub(crate) purpose: Option<Arc<str>>,
}

/// How long and how many connections wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    /// How long one may wait.
    pub(crate) idle_timeout: Duration,
    /// Most that wait for one key on this shard.
    pub(crate) per_key: usize,
}

#[derive(Default)]
struct Pool {
    idle: HashMap<Key, Vec<Idle>, RandomState>,
    /// Several only where each takes but some WebTransport sessions.
    shared: HashMap<Key, Vec<Shared>, RandomState>,
    /// The transports by their fingerprints: connections of those that are gone are not kept.
    transports: HashMap<u64, Weak<Connections>>,
    sweeping: bool,
}

/// Where a connection goes when its exchange is over.
pub(super) enum Home {
    /// Into the pool of this shard.
    Here(Key, Keep),
    /// To the shard that it came from.
    Away(Box<Away>),
}

impl Home {
    pub(super) fn take_in(self, connection: Box<H1>) {
        match self {
            Self::Here(key, keep) => put(key, connection, keep),
            Self::Away(mut away) => away.take_back(*connection),
        }
    }
}

struct Idle {
    connection: Box<H1>,
    until: Instant,
}

/// A connection that takes any number of requests at once.
#[derive(Clone)]
pub(super) enum Multiplexed {
    /// And what the peer offers.
    H2(h2::Requests, Offer),
    H3(h3::Requests),
}

impl Multiplexed {
    fn is_closed(&self) -> bool {
        match self {
            Self::H2(requests, _) => requests.is_closed(),
            Self::H3(requests) => requests.is_closed(),
        }
    }
}

impl From<Multiplexed> for Sender {
    fn from(connection: Multiplexed) -> Self {
        match connection {
            Multiplexed::H2(requests, _) => Self::H2(requests),
            Multiplexed::H3(requests) => Self::H3(requests),
        }
    }
}

struct Shared {
    connection: Multiplexed,
    idle_timeout: Duration,
    used: Instant,
}

/// A connection that takes the next request without delay, the most recently used one first.
pub(super) fn take(key: &Key) -> Option<Box<H1>> {
    POOL.with_borrow_mut(|pool| {
        let waiting = pool.idle.get_mut(key)?;
        while let Some(Idle { mut connection, .. }) = waiting.pop() {
            if let Some(place) = connection.place() {
                place.go();
            }
            if connection.is_open() {
                return Some(connection);
            }
        }
        None
    })
}

/// A connection of any kind.
pub(super) fn any(key: &Key, multiplexed: bool) -> Option<Sender> {
    take(key).map(Sender::H1).or_else(|| multiplexed.then(|| shared(key)).flatten().map(Sender::from))
}

/// Keeps a connection whose exchange is over.
pub(super) fn put(key: Key, mut connection: Box<H1>, keep: Keep) {
    POOL.with_borrow_mut(|pool| {
        let waiting = pool.idle.entry(key).or_default();
        if waiting.len() >= keep.per_key || connection.place().is_some_and(|place| !place.wait()) {
            return;
        }
        waiting.push(Idle { connection, until: Instant::now() + keep.idle_timeout });
        pool.sweep_later();
    });
}

/// Has connections of a transport kept for as long as it exists.
pub(super) fn know(transport: u64, connections: &Arc<Connections>) {
    POOL.with_borrow_mut(|pool| pool.transports.insert(transport, Arc::downgrade(connections)));
}

/// A connection that takes any number of requests at once.
pub(super) fn shared(key: &Key) -> Option<Multiplexed> {
    find_shared(key, |_| true)
}

/// A connection of HTTP/3 that takes one more WebTransport session.
pub(super) fn with_room(key: &Key) -> Option<h3::Requests> {
    let has_room = |connection: &Multiplexed| match connection {
        Multiplexed::H2(..) => false,
        Multiplexed::H3(requests) => requests.has_room_for_session(),
    };
    match find_shared(key, has_room)? {
        Multiplexed::H2(..) => None,
        Multiplexed::H3(requests) => Some(requests),
    }
}

fn find_shared(key: &Key, fits: impl Fn(&Multiplexed) -> bool) -> Option<Multiplexed> {
    POOL.with_borrow_mut(|pool| {
        let all = pool.shared.get_mut(key)?;
        all.retain(|shared| !shared.connection.is_closed());
        let shared = all.iter_mut().find(|shared| fits(&shared.connection))?;
        shared.used = Instant::now();
        Some(shared.connection.clone())
    })
}

/// Makes such a connection known to later requests, in the place of what was known.
pub(super) fn share(key: Key, connection: Multiplexed, idle_timeout: Duration) {
    know_shared(key, connection, idle_timeout, Vec::clear);
}

/// Makes a connection for WebTransport sessions known to later ones, beside those that are known.
pub(super) fn add(key: Key, requests: h3::Requests, idle_timeout: Duration) {
    know_shared(key, Multiplexed::H3(requests), idle_timeout, |_| {});
}

fn know_shared(
    key: Key,
    connection: Multiplexed,
    idle_timeout: Duration,
    prepare: impl Fn(&mut Vec<Shared>),
) {
    POOL.with_borrow_mut(|pool| {
        let all = pool.shared.entry(key).or_default();
        prepare(all);
        all.push(Shared { connection, idle_timeout, used: Instant::now() });
        pool.sweep_later();
    });
}

/// Drops what need not be kept on this shard.
pub(super) fn sweep() {
    POOL.with_borrow_mut(|pool| {
        let sweeping = pool.sweeping;
        pool.sweep();
        // The task that looks after the rest is still there.
        pool.sweeping = sweeping;
    });
}

/// How often connections that have waited long enough are looked for.
const SWEEP: Duration = Duration::from_secs(5);

impl Pool {
    /// Has one task at a time look after what waits; it ends when nothing waits.
    fn sweep_later(&mut self) {
        if std::mem::replace(&mut self.sweeping, true) {
            return;
        }
        tokio::task::spawn_local(async {
            let more = || POOL.with_borrow_mut(Pool::sweep);
            while {
                tokio::time::sleep(SWEEP).await;
                more()
            } {}
        });
    }

    /// Drops what has waited long enough, and what nobody can ask for any more; whether anything is left.
    fn sweep(&mut self) -> bool {
        let now = Instant::now();
        let Self { idle, shared, transports, sweeping } = self;
        transports.retain(|_, connections| connections.strong_count() > 0);
        idle.retain(|key, waiting| {
            waiting.retain_mut(|idle| idle.until > now && idle.connection.is_open());
            !waiting.is_empty() && transports.contains_key(&key.transport)
        });
        // A request that is under way holds a clone of its own.
        shared.retain(|key, all| {
            all.retain(|shared| shared.used + shared.idle_timeout > now && !shared.connection.is_closed());
            !all.is_empty() && transports.contains_key(&key.transport)
        });
        *sweeping = !(idle.is_empty() && shared.is_empty());
        *sweeping
    }
}
