//! What a client connection is doing and since when, from which its time limits follow.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Nothing has come on the connection yet.
const NEW: u8 = 0;
/// Some of a request's head has come.
const HEAD: u8 = 1;
/// A request is being answered.
const BUSY: u8 = 2;
/// The connection waits for its next request.
const IDLE: u8 = 3;

/// Time limits of a connection; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From the first byte of a head to its last; also for the time before the first byte of a new connection.
    pub(crate) read_header: Option<Duration>,
    /// Between two requests.
    pub(crate) idle: Option<Duration>,
    /// A write that makes no progress.
    pub(crate) write_idle: Option<Duration>,
    /// From the end of a head to the end of the response.
    pub(crate) write: Option<Duration>,
}

impl Limits {
    /// How long a connection may take to get to HTTP.
    pub(crate) fn handshake(&self) -> Duration {
        self.read_header.unwrap_or(Duration::from_secs(24 * 3600))
    }
}

/// Shared by the stream, which is inside of the HTTP engine, and the task that drives the engine. Both run on one
/// thread; the atomics only satisfy `Send`, which the engine asks of a stream that may be upgraded.
#[derive(Debug)]
pub(crate) struct Activity {
    phase: AtomicU8,
    multiplexed: bool,
    requests: AtomicU32,
    /// Milliseconds on [`now`]'s clock.
    since: AtomicU64,
    /// The same; 0 while nothing waits to be written.
    blocked: AtomicU64,
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now() -> u64 {
    // Starts at 1, because 0 means "not at all".
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

impl Activity {
    /// A connection that was just opened. Requests of a multiplexed one overlap.
    pub(crate) fn new(multiplexed: bool) -> Self {
        Self {
            phase: AtomicU8::new(if multiplexed { IDLE } else { NEW }),
            multiplexed,
            requests: AtomicU32::new(0),
            since: AtomicU64::new(now()),
            blocked: AtomicU64::new(0),
        }
    }

    /// Some of a head has come, and not all of it.
    pub(super) fn head_began(&self) {
        if matches!(self.phase.load(Relaxed), NEW | IDLE) {
            self.phase.store(HEAD, Relaxed);
            self.since.store(now(), Relaxed);
        }
    }

    pub(super) fn write_blocked(&self) {
        if self.blocked.load(Relaxed) == 0 {
            self.blocked.store(now(), Relaxed);
        }
    }

    pub(super) fn write_moved(&self) {
        if self.blocked.load(Relaxed) != 0 {
            self.blocked.store(0, Relaxed);
        }
    }

    /// Whether something waits to be written because the client does not read.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != 0
    }

    /// The head of a request is complete.
    fn request_began(&self) {
        self.phase.store(BUSY, Relaxed);
        self.since.store(now(), Relaxed);
        self.requests.fetch_add(1, Relaxed);
    }

    /// The last of a response was handed to the connection.
    fn request_ended(&self) {
        if self.requests.fetch_sub(1, Relaxed) == 1 {
            self.phase.store(IDLE, Relaxed);
            self.since.store(now(), Relaxed);
        }
    }

    /// When a limit is reached, if any runs. Asks no clock.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let since = self.since.load(Relaxed);
        let by_phase = match self.phase.load(Relaxed) {
            NEW | HEAD => limits.read_header,
            IDLE => limits.idle,
            _ if self.multiplexed => None,
            _ => limits.write,
        };
        let blocked = match self.blocked.load(Relaxed) {
            0 => None,
            blocked => limits.write_idle.map(|limit| (blocked, limit)),
        };
        let ends = by_phase.map(|limit| (since, limit)).into_iter().chain(blocked);
        // A limit beyond what the clock can tell is none.
        ends.filter_map(|(start, limit)| START.checked_add(Duration::from_millis(start).checked_add(limit)?))
            .min()
    }
}

/// While it lives its connection is busy: with a request, or with a stream that was taken over.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Activity>);

impl Busy {
    pub(crate) fn begin(connection: &Arc<Activity>) -> Self {
        connection.request_began();
        Self(Arc::clone(connection))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        read_header: Some(Duration::from_secs(60)),
        idle: Some(Duration::from_secs(300)),
        write_idle: Some(Duration::from_secs(10)),
        write: None,
    };

    fn about(activity: &Activity, seconds: u64) -> bool {
        activity.deadline(&LIMITS).is_some_and(|end| {
            let left = end.saturating_duration_since(Instant::now());
            left.as_millis().abs_diff(u128::from(seconds) * 1000) < 5000
        })
    }

    #[test]
    fn the_limit_follows_what_the_connection_does() {
        let activity = Activity::new(false);
        assert!(about(&activity, 60));
        activity.head_began();
        assert!(about(&activity, 60));
        activity.request_began();
        assert_eq!(activity.deadline(&LIMITS), None);
        activity.write_blocked();
        assert!(about(&activity, 10));
        activity.write_moved();
        activity.request_ended();
        assert!(about(&activity, 300));
    }

    #[test]
    fn a_multiplexed_connection_is_idle_when_its_last_request_ends() {
        let activity = Activity::new(true);
        activity.request_began();
        activity.request_began();
        activity.request_ended();
        assert_eq!(activity.deadline(&LIMITS), None);
        activity.request_ended();
        assert!(about(&activity, 300));
    }
}
