//! Connections that wait on one shard and are used from another, so that a host with few requests does not get a connection
//! from each shard.
//!
//! A connection of HTTP/1.1 comes over for one exchange and goes back. One of HTTP/2, which others use at the same time, stays
//! where it is: what crosses over is the request, its answer, and the word that the answer was read. A request that finds a
//! connection on its own shard has nothing to do with any of this.

use std::{
    cell::RefCell,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ::h2::RecvStream;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::{
    between::Interim,
    exchange::Sender,
    h1::{H1, Line},
    h2::{Answered, Broken, Requests, Unanswered},
    known::Known,
    places::Connections,
    pool::{self, Keep, Key},
    relay::{self, Portable},
    streamed::Upload,
};
use crate::{http::Body, process::Process, shard};

/// A shard that needs connections to a host more often than that within [`WINDOW`] opens its own.
const TIMES: u32 = 16;
const WINDOW: Duration = Duration::from_secs(1);
/// How long other shards may take to answer. They take that long only when something keeps them from all their work.
const PATIENCE: Duration = Duration::from_millis(100);
/// Interim responses that may be on their way to another shard.
const WAITING: usize = 16;

thread_local! {
    static ASKED: RefCell<Known<Key, Asked>> = RefCell::default();
    /// How many connections other shards have borrowed from this one.
    static LENT: Arc<AtomicUsize> = Arc::default();
}

/// How often a shard has borrowed of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    since: Instant,
    times: u32,
}

/// What a shard offers of its own.
enum Offered {
    H1(Box<Away>),
    H2(oneshot::Sender<Order>),
}

/// A connection of another shard, for one request.
pub(super) enum Borrowed {
    H1(Box<H1>, Box<Away>),
    H2(Box<BorrowedStream>),
}

/// A connection that is not where it belongs. Let go of, it goes back there.
pub(super) struct Away {
    line: Option<Line>,
    key: Key,
    keep: Keep,
    process: Weak<Process>,
    shard: usize,
    lent: Option<Lent>,
}

/// HTTP/2 on another shard.
pub(super) struct BorrowedStream {
    order: oneshot::Sender<Order>,
}

/// What the shard of the connection is to do.
struct Order {
    request: Request<Portable>,
    /// Takes what comes before the answer.
    interim: mpsc::Sender<(StatusCode, HeaderMap)>,
    answer: oneshot::Sender<Result<Response<RecvStream>, Refused>>,
    /// Told when the answer was read; closed when it never will be.
    read: oneshot::Receiver<()>,
}

/// Why there is no answer.
pub(super) struct Refused {
    /// `None` when the shard of the connection has stopped.
    pub(super) error: Option<Broken>,
    pub(super) unsent: bool,
}

/// A connection that waits on another shard, if there is one and this shard does not need it too often.
pub(super) async fn borrow(
    connections: &Connections,
    key: &Key,
    multiplexed: bool,
    keep: Keep,
) -> Option<Borrowed> {
    let (process, shards) = connections.elsewhere(key)?;
    if !may_ask(key, Instant::now()) {
        return None;
    }
    let found = Arc::new(AtomicBool::new(false));
    let (offers, mut offered) = mpsc::channel(shards.len());
    for shard in shards {
        let (key, found, offers) = (key.clone(), Arc::clone(&found), offers.clone());
        let home = Arc::downgrade(&process);
        process.shards.run_on(shard, move || {
            tokio::task::spawn_local(async move {
                // A connection that was just used is on its way back.
                tokio::task::yield_now().await;
                if !found.load(Relaxed)
                    && let Some(sender) = pool::any(&key, multiplexed)
                {
                    offer(sender, key, keep, home, &found, &offers);
                }
            });
        });
    }
    drop(offers);
    // Closed when none of them has one.
    match tokio::time::timeout(PATIENCE, offered.recv()).await.ok().flatten() {
        Some(Offered::H1(mut away)) => {
            let line = away.line.take()?;
            Some(Borrowed::H1(H1::on(line), away))
        }
        Some(Offered::H2(order)) => Some(Borrowed::H2(Box::new(BorrowedStream { order }))),
        None => {
            // There is no use in asking again soon.
            with_asked(key, Instant::now(), |asked| asked.times = TIMES);
            None
        }
    }
}

/// A connection of this shard that another has just given back.
pub(super) async fn returned(key: &Key, multiplexed: bool) -> Option<Sender> {
    if LENT.with(|lent| lent.load(Relaxed)) == 0 {
        return None;
    }
    tokio::task::yield_now().await;
    pool::any(key, multiplexed)
}

/// Counts a question about a host; whether it may be asked.
fn may_ask(key: &Key, now: Instant) -> bool {
    with_asked(key, now, |asked| {
        if now >= asked.since + WINDOW {
            *asked = Asked { since: now, times: 0 };
        }
        let may = asked.times < TIMES;
        asked.times += u32::from(may);
        may
    })
}

fn with_asked<T>(key: &Key, now: Instant, work: impl FnOnce(&mut Asked) -> T) -> T {
    ASKED.with_borrow_mut(|all| {
        let useful = |asked: &Asked| now < asked.since + WINDOW;
        work(all.get(key, useful, || Asked { since: now, times: 0 }))
    })
}

/// Offers a connection of this shard to another, unless somebody else was faster.
fn offer(
    sender: Sender,
    key: Key,
    keep: Keep,
    process: Weak<Process>,
    found: &AtomicBool,
    offers: &mpsc::Sender<Offered>,
) {
    let offered = match sender {
        Sender::H1(connection) => {
            let line = Some(connection.into_line());
            let shard = shard::current().unwrap_or_default();
            Offered::H1(Box::new(Away { line, key, keep, process, shard, lent: Some(Lent::new()) }))
        }
        Sender::H2(sender) => {
            let (order, orders) = oneshot::channel();
            tokio::task::spawn_local(lend(sender, orders));
            Offered::H2(order)
        }
        // Those of HTTP/3 are not asked for.
        Sender::H3(_) | Sender::Borrowed(_) => return,
    };
    if !found.swap(true, Relaxed) {
        // Refused when nobody waits for it any more: then it goes back as any other that is let go of.
        drop(offers.try_send(offered));
    }
}

/// Does what another shard orders, on a connection of this one.
async fn lend(mut requests: Requests, orders: oneshot::Receiver<Order>) {
    let _lent = Lent::new();
    let Ok(Order { request, interim, mut answer, read }) = orders.await else { return };
    // Left out where too many wait, or nobody does any more.
    let tell = |status, headers| _ = interim.try_send((status, headers));
    let sending = requests.send(request.map(Portable::into_body), tell);
    let mut uploading: Option<Upload> = None;
    let answered = tokio::select! {
        answered = sending => match answered {
            Ok(Answered { response, upload, .. }) => {
                uploading = Some(upload);
                Ok(response)
            }
            Err(Unanswered { error, unsent }) => Err(Refused { error: Some(error), unsent: unsent.is_some() }),
        },
        // The client is gone.
        () = answer.closed() => return,
    };
    // However it ends, the connection is as it was.
    if answer.send(answered).is_ok()
        && read.await.is_ok()
        && let Some(uploading) = &mut uploading
    {
        uploading.go_on();
    }
}

impl Away {
    /// After the exchange.
    pub(super) fn take_back(&mut self, connection: H1) {
        self.line = Some(connection.into_line());
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let (Some(line), Some(process)) = (self.line.take(), self.process.upgrade()) else { return };
        let (key, keep, lent) = (self.key.clone(), self.keep, self.lent.take());
        process.shards.run_on(self.shard, move || {
            pool::put(key, H1::on(line), keep);
            drop(lent);
        });
    }
}

/// Counts a connection that another shard has.
struct Lent(Arc<AtomicUsize>);

impl Lent {
    /// Of this shard.
    fn new() -> Self {
        let lent = LENT.with(Arc::clone);
        lent.fetch_add(1, Relaxed);
        Self(lent)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl BorrowedStream {
    /// Sends a request. The second of the results is to be told when the answer was read.
    ///
    /// # Errors
    /// When there is no answer; with the body, if nothing of the request was sent.
    pub(super) async fn send(
        self,
        request: Request<Body>,
        interim: &Interim,
    ) -> Result<(Response<RecvStream>, oneshot::Sender<()>), (Refused, Option<Body>)> {
        let (head, body) = request.into_parts();
        let (body, origin) = relay::split(body);
        let (answer, mut answered) = oneshot::channel();
        let (reading, read) = oneshot::channel();
        let (telling, mut told) = mpsc::channel(WAITING);
        let order = Order { request: Request::from_parts(head, body), interim: telling, answer, read };
        let unsent = self.order.send(order).is_err();
        let answered = loop {
            tokio::select! {
                biased;
                Some((status, headers)) = told.recv() => interim.came(status, headers),
                answered = &mut answered => break answered,
            }
        };
        // They were sent before the answer.
        while let Ok((status, headers)) = told.try_recv() {
            interim.came(status, headers);
        }
        match answered.unwrap_or(Err(Refused { error: None, unsent })) {
            Ok(response) => Ok((response, reading)),
            Err(refused) if refused.unsent => Err((refused, Some(origin.into_body().await))),
            Err(refused) => Err((refused, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::handlers::reverse_proxy::dial::Dial;

    #[test]
    fn a_shard_may_ask_so_many_times_in_a_while() {
        let key = |address| Key {
            transport: 1,
            dial: Arc::new(Dial::parse(address).unwrap()),
            upgradable: false,
            purpose: None,
        };
        let (one, other, now) = (key("a:1"), key("b:1"), Instant::now());
        assert!((0..TIMES).all(|_| may_ask(&one, now)));
        assert!(!may_ask(&one, now + WINDOW / 2));
        assert!(may_ask(&other, now), "each host by itself");
        assert!(may_ask(&one, now + WINDOW));
    }
}
