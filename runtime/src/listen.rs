//! Listening sockets, which belong to the process: a configuration only says who answers on them.
//!
//! A [`Listener`] is opened while a configuration is built and starts to accept when it is committed. A reload that
//! keeps the address keeps the listener with its connections and swaps the [`Endpoint`] behind it.

mod accept;
pub mod address;
mod ports;
mod quic;
mod socket;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use socket2::Socket;
use tokio::sync::{Notify, watch};

pub(crate) use self::accept::{Control, Current};
pub(crate) use self::quic::{Attempt, Endpoints, HalfOpen, Kind, Turns, Udp, canonical, transport};
pub(crate) use self::socket::{open_shared, open_unix};
use self::{
    accept::accept_loop,
    address::{Address, Network},
    ports::Held,
};
pub use self::{ports::Ports, socket::KeepAlive};
use crate::{http::connection::Endpoint, logging::Logger, process::Process};

/// Sockets for one address and the connections that came in through them.
#[derive(Debug)]
pub struct Listener {
    /// What the configuration calls it.
    pub address: Address,
    /// The address that was bound, with the port that the kernel chose; `None` for unix sockets.
    pub local: Option<SocketAddr>,
    /// Tells apart the listeners of a process.
    pub id: u64,
    sockets: Mutex<Vec<Socket>>,
    /// One for each shard, until the start.
    copies: Mutex<Vec<Socket>>,
    /// Until the stop; the accept loops hold it as long as they have their sockets.
    port: Mutex<Option<Arc<Held>>>,
    endpoint: ArcSwapOption<Endpoint>,
    swaps: AtomicU64,
    orders: watch::Sender<Orders>,
    open: AtomicUsize,
    quiet: Notify,
}

/// What the accept loops of a listener are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Goes up when connections have to end after their current request, because what was settled when they were
    /// opened is no longer what the configuration asks for.
    pub(crate) renewals: u64,
    /// No connection is accepted any more and those that are open end after their current request.
    pub(crate) stop: bool,
    /// Connections that are still open are cut.
    pub(crate) cut: bool,
}

impl Listener {
    /// Opens the sockets, at this port if the address has none.
    ///
    /// # Errors
    /// When the address cannot be bound, in particular because another process listens on it.
    pub fn open(address: &Address, port: u16, permissions: u32, process: &Process) -> io::Result<Self> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let shards = process.shards.count();
        let (sockets, local) = if address.network == Network::Unix {
            (vec![socket::open_unix(&address.host, permissions)?], None)
        } else {
            // A port that is ours cannot be another's, and would look as if it were.
            let probe = !process.ports.holds(address.network, port);
            let wanted = Address { port, ..address.clone() };
            let (sockets, local) = socket::open_shared(&wanted, shards, probe)?;
            (sockets, Some(local))
        };
        let copies: io::Result<Vec<_>> =
            (0..shards).map(|shard| sockets[shard % sockets.len()].try_clone()).collect();
        Ok(Self {
            address: address.clone(),
            local,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            sockets: Mutex::new(sockets),
            copies: Mutex::new(copies?),
            port: Mutex::new(local.map(|local| Arc::new(process.ports.hold(address.network, local.port())))),
            endpoint: ArcSwapOption::empty(),
            swaps: AtomicU64::new(0),
            orders: watch::Sender::new(Orders::default()),
            open: AtomicUsize::new(0),
            quiet: Notify::new(),
        })
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Starts to accept on every shard.
    pub(crate) fn start(self: &Arc<Self>, endpoint: Endpoint, process: &Process) {
        let logger = process.logger.named("http");
        self.serve(endpoint, &logger);
        for (shard, socket) in std::mem::take(&mut *lock(&self.copies)).into_iter().enumerate() {
            let (listener, logger) = (Arc::clone(self), logger.clone());
            let port = lock(&self.port).clone();
            let endpoints = Arc::clone(&process.endpoints);
            process.shards.run_on(shard, move || {
                tokio::task::spawn_local(accept_loop(listener, socket, port, endpoints, logger));
            });
        }
    }

    /// Puts another endpoint behind the listener: requests that begin from now on are answered by it.
    pub(crate) fn serve(&self, endpoint: Endpoint, logger: &Logger) {
        let (terms, keepalive) = (Arc::clone(&endpoint.terms), endpoint.keepalive.clone());
        let previous = self.swap(Some(endpoint));
        let renewed = previous.is_some_and(|old| old.terms != terms);
        self.orders.send_modify(|orders| orders.renewals += u64::from(renewed));
        if self.address.network == Network::Unix || self.address.network.is_udp() {
            return;
        }
        let configured =
            lock(&self.sockets).iter().try_for_each(|socket| socket::configure(socket, &keepalive));
        if let Err(error) = configured {
            logger.warn("cannot set the options of a socket", |fields| {
                fields.add("address", self.address.to_string()).error(&error);
            });
        }
    }

    /// Stops to accept and lets connections end after their current request.
    pub(crate) fn stop(&self) {
        let sockets = std::mem::take(&mut *lock(&self.sockets));
        *lock(&self.port) = None;
        self.orders.send_modify(|orders| orders.stop = true);
        self.unlink(&sockets);
    }

    /// Cuts the connections that are still open after a [`Listener::stop`].
    pub(crate) fn cut(&self) {
        self.orders.send_modify(|orders| orders.cut = true);
    }

    /// Waits until no connection is left.
    pub(crate) async fn drained(&self) {
        loop {
            let quiet = self.quiet.notified();
            if self.open_connections() == 0 {
                return;
            }
            quiet.await;
        }
    }

    /// Nothing answers any more: the configuration behind the listener can go.
    pub(crate) fn forget(&self) {
        self.swap(None);
        self.orders.send_modify(|_| ());
    }

    fn swap(&self, endpoint: Option<Endpoint>) -> Option<Arc<Endpoint>> {
        let previous = self.endpoint.swap(endpoint.map(Arc::new));
        self.swaps.fetch_add(1, Ordering::Release);
        previous
    }

    fn connection_opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    fn connection_closed(&self) {
        if self.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.quiet.notify_waiters();
        }
    }

    fn unlink(&self, sockets: &[Socket]) {
        if self.address.network == Network::Unix && !sockets.is_empty() && !self.address.host.starts_with('@')
        {
            // Somebody may have removed the file already.
            drop(std::fs::remove_file(&self.address.host));
        }
    }
}

/// Gives the file of a unix socket other permissions.
pub(crate) fn permit(address: &Address, permissions: u32, logger: &Logger) {
    if address.network != Network::Unix || address.host.starts_with('@') {
        return;
    }
    if let Err(error) = socket::permit(&address.host, permissions) {
        logger.warn("cannot set the permissions of a socket", |fields| {
            fields.add("address", address.to_string()).error(&error);
        });
    }
}

/// Nothing panics while it holds one of these locks, and if it did the list would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Listener {
    fn drop(&mut self) {
        let sockets = std::mem::take(&mut *lock(&self.sockets));
        self.unlink(&sockets);
    }
}
