//! The streams of the process, and the one decision a reload takes about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use super::{Opened, Outcome, Owner, Reason, Statistics};

/// Deadlines are kept as milliseconds since this moment, so that they fit into an atomic.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What a configuration keeps alive: collected while it is built, compared with the streams once it is committed.
#[derive(Debug, Default, Clone)]
pub struct Live {
    /// [`Owner::fingerprint`] of every handler that may open streams.
    pub owners: BTreeSet<u64>,
    /// [`Opened::source`] of every upstream and every dynamic source.
    pub sources: BTreeSet<Arc<str>>,
}

/// One open stream as others see it.
#[derive(Debug)]
pub struct Stream {
    id: u64,
    opened: Opened,
    since: Instant,
    pub(super) to_upstream: AtomicU64,
    pub(super) from_upstream: AtomicU64,
    /// Zero, or one more than the moment to close at (see [`EPOCH`]) with the reason in the lowest three bits.
    close: AtomicU64,
    waker: AtomicWaker,
}

impl Stream {
    /// The upstream as configured.
    #[must_use]
    pub fn upstream(&self) -> &Arc<str> {
        &self.opened.upstream
    }

    /// Unique in the process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How long it has been open.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Bytes to the upstream and from it, so far.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (self.to_upstream.load(Ordering::Relaxed), self.from_upstream.load(Ordering::Relaxed))
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Asks the stream to close once `delay` has passed. The earliest request counts.
    fn close_after(&self, delay: Duration, reason: Reason) {
        let at = millis(EPOCH.elapsed().saturating_add(delay));
        let signal = (at + 1).saturating_mul(8) | reason_bits(reason);
        let earlier = |current: u64| (current == 0 || signal < current).then_some(signal);
        if self.close.fetch_update(Ordering::Release, Ordering::Relaxed, earlier).is_ok() {
            self.waker.wake();
        }
    }

    /// Takes back what [`Stream::close_after`] asked for, unless it has begun.
    fn keep(&self) {
        if self.close.swap(0, Ordering::Release) != 0 {
            self.waker.wake();
        }
    }

    /// When and why the stream was asked to close. The waker is called when the answer changes.
    pub(super) fn closes_at(&self, waker: &Waker) -> Option<(Instant, Reason)> {
        self.waker.register(waker);
        let signal = self.close.load(Ordering::Acquire);
        (signal != 0).then(|| (*EPOCH + Duration::from_millis(signal / 8 - 1), reason_of(signal % 8)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 16)
}

fn reason_bits(reason: Reason) -> u64 {
    match reason {
        Reason::Client => 0,
        Reason::Upstream => 1,
        Reason::Reload => 2,
        Reason::UpstreamRemoved => 3,
        Reason::Timeout => 4,
        Reason::Shutdown => 5,
    }
}

fn reason_of(bits: u64) -> Reason {
    [Reason::Client, Reason::Upstream, Reason::Reload, Reason::UpstreamRemoved, Reason::Timeout]
        .into_iter()
        .find(|reason| reason_bits(*reason) == bits)
        .unwrap_or(Reason::Shutdown)
}

/// All open streams. Locked when a stream opens or ends and during a reload, never while bytes move.
#[derive(Debug, Default)]
pub struct Registry {
    inner: Mutex<Inner>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    streams: BTreeMap<u64, Arc<Stream>>,
    statistics: BTreeMap<Arc<str>, Statistics>,
}

impl Registry {
    /// Enters a stream. It stays entered until the result is dropped.
    #[must_use]
    pub fn open(self: &Arc<Self>, opened: Opened) -> Open {
        let mut inner = self.lock();
        inner.next += 1;
        let id = inner.next;
        let stream = Arc::new(Stream {
            id,
            since: Instant::now(),
            to_upstream: AtomicU64::new(0),
            from_upstream: AtomicU64::new(0),
            close: AtomicU64::new(0),
            waker: AtomicWaker::new(),
            opened,
        });
        inner.streams.insert(id, Arc::clone(&stream));
        inner.statistics.entry(Arc::clone(stream.upstream())).or_default();
        Open { registry: Arc::clone(self), stream, outcome: Outcome::Closed }
    }

    /// Called once a configuration has become current: closes the streams that it gives no reason to live.
    ///
    /// A stream lives on while its handler is part of the configuration unchanged; one of a handler with
    /// `stream_detached`, while anything uses its upstream. The others close at once, or up to a tenth later than
    /// `stream_close_delay` so that their clients do not all come back in the same moment. A stream that waits for its
    /// end and is wanted again stays. Nothing here waits for a stream.
    pub fn reconcile(&self, live: &Live) {
        for stream in self.lock().streams.values() {
            let Opened { owner, source, .. } = &stream.opened;
            if live.owners.contains(&owner.fingerprint) || (owner.detached && live.sources.contains(source)) {
                stream.keep();
            } else {
                let reason = if owner.detached { Reason::UpstreamRemoved } else { Reason::Reload };
                stream.close_after(spread(owner, stream.id), reason);
            }
        }
    }

    /// Closes every stream because the process stops.
    pub fn close_all(&self) {
        for stream in self.lock().streams.values() {
            stream.close_after(Duration::ZERO, Reason::Shutdown);
        }
    }

    /// Waits until no stream is open.
    pub async fn drained(&self) {
        loop {
            let ended = self.ended.notified();
            if self.lock().streams.is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// How many streams are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().streams.len()
    }

    /// Figures by upstream, those of open streams included.
    #[must_use]
    pub fn statistics(&self) -> BTreeMap<Arc<str>, Statistics> {
        let inner = self.lock();
        let mut all = inner.statistics.clone();
        for stream in inner.streams.values() {
            all.entry(Arc::clone(stream.upstream())).or_default().add_open(stream.bytes());
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held, and the maps are whole between any two statements.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `stream_close_delay` and up to a tenth of it, differently for each stream.
fn spread(owner: &Owner, id: u64) -> Duration {
    let share = xxhash_rust::xxh64::xxh64(&id.to_ne_bytes(), 0) % 1000;
    let jitter = owner.close_delay.as_secs_f64() / 10.0 * (share as f64 / 1000.0);
    owner.close_delay + Duration::from_secs_f64(jitter)
}

/// An entered stream; leaves the registry when it is dropped.
#[derive(Debug)]
pub struct Open {
    registry: Arc<Registry>,
    pub(super) stream: Arc<Stream>,
    pub(super) outcome: Outcome,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut inner = self.registry.lock();
        inner.streams.remove(&self.stream.id);
        let statistics = inner.statistics.entry(Arc::clone(self.stream.upstream())).or_default();
        statistics.add_ended(self.outcome, self.stream.age(), self.stream.bytes());
        drop(inner);
        self.registry.ended.notify_waiters();
    }
}
