//! Connections that wait on one shard and are used from another, so that a host with few requests does not get a connection
//! from each shard.
//!
//! The connection stays where it is: what crosses over is the request, its answer, and the word that the answer was read. A
//! request that finds a connection on its own shard has nothing to do with any of this.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::{
    mpsc,
    oneshot::{self, error::RecvError},
};

use super::{
    exchange::Sender,
    places::Connections,
    pool::{self, Keep, Key},
    relay::{self, Portable},
};
use crate::http::Body;

/// A shard that needs connections to a host more often than that within [`WINDOW`] opens its own.
const TIMES: u32 = 16;
const WINDOW: Duration = Duration::from_secs(1);
/// How long other shards may take to answer. They take that long only when something keeps them from all their work.
const PATIENCE: Duration = Duration::from_millis(100);
/// How many hosts are remembered before those of the last window are forgotten.
const REMEMBERED: usize = 100;

thread_local! {
    static ASKED: RefCell<HashMap<Key, Asked>> = RefCell::default();
    /// How many connections other shards have borrowed from this one.
    static LENT: Cell<usize> = const { Cell::new(0) };
}

/// How often a shard has borrowed of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    since: Instant,
    times: u32,
}

/// What a shard offers of its own.
struct Offered {
    order: oneshot::Sender<Order>,
    is_h1: bool,
}

/// A connection of another shard, for one request. Let go of unused, it waits again.
pub(super) struct Borrowed {
    order: oneshot::Sender<Order>,
    /// Whether it speaks HTTP/1.1.
    pub(super) is_h1: bool,
    /// What is done with interim responses on the shard of the request.
    on_interim: Option<Box<OnInterim>>,
}

type OnInterim = dyn Fn(StatusCode, &HeaderMap);

/// What the shard of the connection is to do.
struct Order {
    request: Request<Portable>,
    answer: oneshot::Sender<Result<Response<Incoming>, Refused>>,
    /// Told when the answer was read; closed when it never will be.
    read: oneshot::Receiver<()>,
}

/// Why there is no answer.
pub(super) struct Refused {
    /// `None` when the shard of the connection has stopped.
    pub(super) error: Option<hyper::Error>,
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
        process.shards.run_on(shard, move || {
            tokio::task::spawn_local(async move {
                // A connection that was just used is on its way back.
                tokio::task::yield_now().await;
                offer(key, multiplexed, keep, &found, &offers);
            });
        });
    }
    drop(offers);
    // Closed when none of them has one.
    let Some(Offered { order, is_h1 }) = tokio::time::timeout(PATIENCE, offered.recv()).await.ok().flatten()
    else {
        // There is no use in asking again soon.
        ASKED.with_borrow_mut(|asked| asked.get_mut(key).into_iter().for_each(|asked| asked.times = TIMES));
        return None;
    };
    Some(Borrowed { order, is_h1, on_interim: None })
}

/// A connection of this shard that another has just given back.
pub(super) async fn returned(key: &Key, multiplexed: bool) -> Option<Sender> {
    if LENT.get() == 0 {
        return None;
    }
    tokio::task::yield_now().await;
    pool::any(key, multiplexed)
}

/// Counts a question about a host; whether it may be asked.
fn may_ask(key: &Key, now: Instant) -> bool {
    ASKED.with_borrow_mut(|all| {
        if all.len() >= REMEMBERED {
            all.retain(|_, asked| now < asked.since + WINDOW);
        }
        let asked = all.entry(key.clone()).or_insert(Asked { since: now, times: 0 });
        if now >= asked.since + WINDOW {
            *asked = Asked { since: now, times: 0 };
        }
        let may = asked.times < TIMES;
        asked.times += u32::from(may);
        may
    })
}

/// Offers a connection of this shard to another, unless somebody else was faster.
fn offer(key: Key, multiplexed: bool, keep: Keep, found: &AtomicBool, offers: &mpsc::Sender<Offered>) {
    if found.load(Relaxed) {
        return;
    }
    let Some(sender) = pool::any(&key, multiplexed) else { return };
    let (order, orders) = oneshot::channel();
    let offered = Offered { order, is_h1: matches!(sender, Sender::H1(_)) };
    if !found.swap(true, Relaxed) {
        // Refused when nobody waits for it any more; without an order the connection goes back.
        drop(offers.try_send(offered));
    }
    tokio::task::spawn_local(lend(sender, key, keep, orders));
}

/// Does what another shard orders, on a connection of this one.
async fn lend(mut sender: Sender, key: Key, keep: Keep, orders: oneshot::Receiver<Order>) {
    let _lent = Lent::new();
    let Ok(Order { request, mut answer, read }) = orders.await else {
        give_back(sender, key, keep);
        return;
    };
    let request = request.map(Portable::into_body);
    let sending = async {
        let sent = match &mut sender {
            Sender::H1(single) => single.sender.try_send_request(request).await,
            Sender::H2(sender) => sender.try_send_request(request).await,
        };
        sent.map_err(|mut failure| {
            let unsent = failure.take_message().is_some();
            Refused { error: Some(failure.into_error()), unsent }
        })
    };
    let answered = tokio::select! {
        answered = sending => answered,
        // The client is gone. What was begun on the connection ends with it.
        () = answer.closed() => return,
    };
    let usable = answered.is_ok();
    if answer.send(answered).is_ok() && usable && read.await.is_ok() {
        give_back(sender, key, keep);
    }
}

/// Counts a connection that another shard has.
struct Lent;

impl Lent {
    fn new() -> Self {
        LENT.set(LENT.get() + 1);
        Self
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        LENT.set(LENT.get() - 1);
    }
}

fn give_back(sender: Sender, key: Key, keep: Keep) {
    if let Sender::H1(single) = sender {
        pool::put(key, single, keep);
    }
}

impl Borrowed {
    /// Has interim responses told on the shard of the request, as they come.
    pub(super) fn on_interim(&mut self, tell: impl Fn(StatusCode, &HeaderMap) + 'static) {
        self.on_interim = Some(Box::new(tell));
    }

    /// Sends a request. The second of the results is to be told when the answer was read.
    ///
    /// # Errors
    /// When there is no answer; with the request, if nothing of it was sent.
    pub(super) async fn send(
        self,
        mut request: Request<Body>,
    ) -> Result<(Response<Incoming>, oneshot::Sender<()>), (Refused, Option<Request<Body>>)> {
        let interim = self.on_interim.map(|tell| (tell, watch_interim(&mut request)));
        let (head, body) = request.into_parts();
        let (body, origin) = relay::split(body);
        let (answer, answered) = oneshot::channel();
        let (reading, read) = oneshot::channel();
        let order = Order { request: Request::from_parts(head, body), answer, read };
        let unsent = self.order.send(order).is_err();
        let answered = match interim {
            None => answered.await,
            Some((tell, interim)) => telling(&*tell, interim, answered).await,
        };
        match answered.unwrap_or(Err(Refused { error: None, unsent })) {
            Ok(response) => Ok((response, reading)),
            Err(refused) if refused.unsent => {
                let request = Request::new(origin.into_body().await);
                Err((refused, Some(request)))
            }
            Err(refused) => Err((refused, None)),
        }
    }
}

/// Interim responses as they come.
type Interim = mpsc::UnboundedReceiver<(StatusCode, HeaderMap)>;

fn watch_interim(request: &mut Request<Body>) -> Interim {
    let (sender, receiver) = mpsc::unbounded_channel();
    hyper::ext::on_informational(request, move |interim| {
        // Refused when the request was given up.
        drop(sender.send((interim.status(), interim.headers().clone())));
    });
    receiver
}

/// Waits for the answer and tells what comes before it.
async fn telling<T>(
    tell: &OnInterim,
    mut interim: Interim,
    mut answered: oneshot::Receiver<T>,
) -> Result<T, RecvError> {
    let answered = loop {
        tokio::select! {
            biased;
            Some((status, headers)) = interim.recv() => tell(status, &headers),
            answered = &mut answered => break answered,
        }
    };
    // It was sent on before the answer.
    while let Ok((status, headers)) = interim.try_recv() {
        tell(status, &headers);
    }
    answered
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
