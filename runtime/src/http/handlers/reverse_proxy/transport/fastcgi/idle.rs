//! Connections to responders that wait for their next request. Each shard has its own, so nothing is locked.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use caddis_config::{
    Duration as Span,
    http::reverse_proxy::transport::{FastCgi as Config, FastCgiKeepAlive},
    to_json,
};
use tokio::{
    io::{AsyncRead, ReadBuf},
    time::Instant,
};
use xxhash_rust::xxh64::xxh64;

use super::{super::Dial, Responder};
use crate::build::Build;

const IDLE_TIMEOUT: Span = Span::from_secs(10);

/// The fingerprint of the transport, and the responder.
type Key = (u64, Arc<Dial>);

thread_local! {
    static POOL: RefCell<HashMap<Key, Vec<Idle>>> = RefCell::default();
}

/// How long and how many connections wait.
#[derive(Debug, Clone)]
pub(super) struct Keep {
    transport: u64,
    timeout: Duration,
    most: usize,
}

struct Idle {
    connection: Box<dyn Responder>,
    since: Instant,
}

impl Keep {
    pub(super) fn build(keep: &FastCgiKeepAlive, transport: &Config, cx: &Build) -> Self {
        Self {
            transport: xxh64(to_json(transport).as_bytes(), 0),
            timeout: keep.idle_timeout.or(IDLE_TIMEOUT).unwrap_or_default(),
            most: usize::try_from(keep.max_idle_conns)
                .ok()
                .filter(|most| *most > 0)
                .map_or(1, |most| cx.process.shards.share(most)),
        }
    }

    /// A connection on which the responder has not closed, the most recently used one first.
    pub(super) fn take(&self, dial: &Arc<Dial>) -> Option<Box<dyn Responder>> {
        POOL.with_borrow_mut(|pool| {
            let waiting = pool.get_mut(&(self.transport, Arc::clone(dial)))?;
            std::iter::from_fn(|| waiting.pop()).map(|idle| idle.connection).find_map(silent)
        })
    }

    /// Keeps a connection for a while.
    pub(super) fn put(&self, dial: &Arc<Dial>, connection: Box<dyn Responder>) {
        let key = (self.transport, Arc::clone(dial));
        let idle = Idle { connection, since: Instant::now() };
        let is_first = POOL.with_borrow_mut(|pool| match pool.entry(key.clone()) {
            Entry::Occupied(mut waiting) => {
                if waiting.get().len() < self.most {
                    waiting.get_mut().push(idle);
                }
                false
            }
            Entry::Vacant(entry) => {
                entry.insert(vec![idle]);
                true
            }
        });
        if is_first {
            tokio::task::spawn_local(sweep(key, self.timeout));
        }
    }
}

/// Closes what has waited long enough, for as long as anything waits.
async fn sweep(key: Key, timeout: Duration) {
    let mut next = Some(Instant::now());
    while let Some(oldest) = next {
        tokio::time::sleep_until(oldest + timeout).await;
        next = POOL.with_borrow_mut(|pool| {
            let waiting = pool.get_mut(&key)?;
            waiting.retain(|idle| idle.since.elapsed() < timeout);
            let oldest = waiting.first().map(|idle| idle.since);
            if oldest.is_none() {
                pool.remove(&key);
            }
            oldest
        });
    }
}

/// The connection if its peer neither has closed it nor says anything.
fn silent(mut connection: Box<dyn Responder>) -> Option<Box<dyn Responder>> {
    let (mut byte, mut cx) = ([0], Context::from_waker(Waker::noop()));
    let read = Pin::new(&mut connection).poll_read(&mut cx, &mut ReadBuf::new(&mut byte));
    read.is_pending().then_some(connection)
}
