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

use super::{Opened, Outcome, Owner, Reason, Statistics, Visitor};

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
    /// Datagrams that could not be passed on.
    pub(super) dropped_to_upstream: AtomicU64,
    pub(super) dropped_from_upstream: AtomicU64,
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

    /// Datagrams to the upstream and from it that could not be passed on, so far.
    #[must_use]
    pub fn dropped_datagrams(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.dropped_to_upstream), read(&self.dropped_from_upstream))
    }

    /// Who it is for.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.opened.visitor
    }

    /// Whether it lives as long as its upstream, whatever becomes of its handler.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.opened.owner.detached
    }

    /// How soon it is to be closed, and why; `None` while nobody wants that.
    #[must_use]
    pub fn closing(&self) -> Option<(Duration, Reason)> {
        let (at, reason) = moment(self.close.load(Ordering::Acquire))?;
        Some((at.saturating_duration_since(Instant::now()), reason))
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Asks the stream to close once `delay` has passed. The earliest request counts.
    fn close_after(&self, delay: Duration, reason: Reason) {
        let at = millis(EPOCH.elapsed().saturating_add(delay));
        let signal = (at + 1).saturating_mul(8) | reason as u64;
        let earlier = |current: u64| (current == 0 || signal < current).then_some(signal);
        if self.close.fetch_update(Ordering::Release, Ordering::Relaxed, earlier).is_ok() {
            self.waker.wake();
        }
    }

    /// Takes back what a reload asked for, unless it has begun. What an operator wants stands.
    fn keep(&self) {
        let reload = |signal| matches!(moment(signal), Some((_, Reason::Reload | Reason::UpstreamRemoved)));
        let kept = |current: u64| reload(current).then_some(0);
        if self.close.fetch_update(Ordering::Release, Ordering::Relaxed, kept).is_ok() {
            self.waker.wake();
        }
    }

    /// When and why the stream was asked to close. The waker is called when the answer changes.
    pub(super) fn closes_at(&self, waker: &Waker) -> Option<(Instant, Reason)> {
        self.waker.register(waker);
        moment(self.close.load(Ordering::Acquire))
    }
}

/// What [`Stream::close`] says.
fn moment(signal: u64) -> Option<(Instant, Reason)> {
    let at = (signal / 8).checked_sub(1)?;
    let reason = Reason::ALL.get((signal % 8) as usize).copied().unwrap_or(Reason::Shutdown);
    Some((*EPOCH + Duration::from_millis(at), reason))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 16)
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
    stopping: bool,
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
            dropped_to_upstream: AtomicU64::new(0),
            dropped_from_upstream: AtomicU64::new(0),
            close: AtomicU64::new(0),
            waker: AtomicWaker::new(),
            opened,
        });
        if inner.stopping {
            stream.close_after(Duration::ZERO, Reason::Shutdown);
        }
        inner.streams.insert(id, Arc::clone(&stream));
        inner.statistics.entry(Arc::clone(stream.upstream())).or_default();
        // What stays when nothing else is said: the threads end.
        Open { registry: Arc::clone(self), stream, outcome: Outcome::Closed, reason: Reason::Shutdown }
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

    /// Closes every stream because the process stops, also those that are still to come, until [`resume`](Self::resume).
    pub fn close_all(&self) {
        let mut inner = self.lock();
        inner.stopping = true;
        for stream in inner.streams.values() {
            stream.close_after(Duration::ZERO, Reason::Shutdown);
        }
    }

    /// Streams may come again: to be said before there is a listener to bring them.
    pub fn resume(&self) {
        self.lock().stopping = false;
    }

    /// Closes the streams that are wanted gone, each at a moment of its own within `over`; how many that are.
    pub fn drain(&self, over: Duration, wanted: impl Fn(&Stream) -> bool) -> usize {
        let streams = self.streams();
        let wanted = streams.iter().filter(|stream| wanted(stream));
        wanted.map(|stream| stream.close_after(over.mul_f64(share(stream.id)), Reason::Drained)).count()
    }

    /// All open streams, the oldest first.
    #[must_use]
    pub fn streams(&self) -> Vec<Arc<Stream>> {
        self.lock().streams.values().cloned().collect()
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
            all.entry(Arc::clone(stream.upstream())).or_default().add_open(stream);
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
    owner.close_delay + (owner.close_delay / 10).mul_f64(share(id))
}

/// A number between 0 and 1 that stays with the stream.
fn share(id: u64) -> f64 {
    let share = xxhash_rust::xxh64::xxh64(&id.to_ne_bytes(), 0) % 1000;
    share as f64 / 1000.0
}

/// An entered stream; leaves the registry when it is dropped.
#[derive(Debug)]
pub struct Open {
    registry: Arc<Registry>,
    pub(super) stream: Arc<Stream>,
    pub(super) outcome: Outcome,
    pub(super) reason: Reason,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut inner = self.registry.lock();
        inner.streams.remove(&self.stream.id);
        let statistics = inner.statistics.entry(Arc::clone(self.stream.upstream())).or_default();
        statistics.add_ended(self.outcome, self.reason, &self.stream);
        drop(inner);
        self.registry.ended.notify_waiters();
    }
}
