//! The accept loop that every shard runs for every listener, and the connections that it is responsible for.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    task::Waker,
    time::Duration,
};

use socket2::Domain;
use tokio::net::{TcpListener, UnixListener};

use super::{Attempt, Endpoints, Listener, Orders, ports::Held, quic::Quic};
use crate::{
    http::connection::{self, Endpoint, Socket},
    logging::Logger,
};

/// How long a shard leaves a listener alone after an error that the next `accept` would meet again, such as a lack of
/// file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener as one shard sees it: with a copy of what answers, so that a request on one shard does not slow down the
/// requests on another by counting references to the same thing.
#[derive(Debug)]
pub(crate) struct Current {
    listener: Arc<Listener>,
    cached: RefCell<Cached>,
}

/// The number of the swap that the copy was made after, and the copy.
type Cached = (u64, Rc<Option<Arc<Endpoint>>>);

impl Current {
    fn new(listener: Arc<Listener>) -> Self {
        let cached = RefCell::new(Self::load(&listener));
        Self { listener, cached }
    }

    fn load(listener: &Listener) -> Cached {
        // The number comes first: if there is a swap in between, the next look finds a newer number.
        let number = listener.swaps.load(Ordering::Acquire);
        (number, Rc::new(listener.endpoint.load_full()))
    }

    /// What answers now.
    pub(crate) fn endpoint(&self) -> Rc<Option<Arc<Endpoint>>> {
        let mut cached = self.cached.borrow_mut();
        if cached.0 != self.listener.swaps.load(Ordering::Acquire) {
            *cached = Self::load(&self.listener);
        }
        Rc::clone(&cached.1)
    }

    pub(crate) fn listener(&self) -> &Listener {
        &self.listener
    }
}

/// The connections of one listener on one shard.
#[derive(Debug, Default)]
struct Connections {
    next: Cell<u64>,
    open: RefCell<BTreeMap<u64, Rc<Control>>>,
}

/// What a connection is told by its accept loop. Both live on the same thread.
#[derive(Debug, Default)]
pub(crate) struct Control {
    finish: Cell<bool>,
    cut: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Control {
    /// Whether the connection has to end after its current request. Remembers whom to wake when that changes.
    pub(crate) fn finish(&self, waker: &Waker) -> bool {
        self.remember(waker);
        self.finish.get()
    }

    /// Whether the connection has to end at once.
    pub(crate) fn cut(&self) -> bool {
        self.cut.get()
    }

    fn remember(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    fn tell(&self, cut: bool) {
        self.finish.set(true);
        self.cut.set(self.cut.get() || cut);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// A place in the list of open connections, left when the connection ends in whatever way.
struct Place {
    connections: Rc<Connections>,
    current: Rc<Current>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open.borrow_mut().remove(&self.number);
        self.current.listener.connection_closed();
    }
}

impl Connections {
    fn open(self: &Rc<Self>, current: &Rc<Current>, accepted: Accepted, logger: &Logger) {
        let number = self.next.get();
        self.next.set(number + 1);
        let control = Rc::new(Control::default());
        self.open.borrow_mut().insert(number, Rc::clone(&control));
        current.listener.connection_opened();
        let place = Place { connections: Rc::clone(self), current: Rc::clone(current), number };
        let logger = logger.clone();
        // Two kinds of tasks: neither keeps the room that the other one needs.
        match accepted {
            Accepted::Stream(socket) => drop(tokio::task::spawn_local(async move {
                connection::serve(socket, &place.current, &control, &logger).await;
                drop(place);
            })),
            Accepted::Quic(attempt) => drop(tokio::task::spawn_local(async move {
                connection::serve_quic(*attempt, &place.current, &control, &logger).await;
                drop(place);
            })),
        }
    }

    fn tell_all(&self, cut: bool) {
        for control in self.open.borrow().values() {
            control.tell(cut);
        }
    }
}

enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener),
    Quic(Quic),
}

/// What a client has opened.
enum Accepted {
    Stream(Socket),
    Quic(Box<Attempt>),
}

impl Acceptor {
    fn new(
        socket: socket2::Socket,
        listener: &Listener,
        port: Option<&Arc<Held>>,
        endpoints: &Arc<Endpoints>,
    ) -> io::Result<Self> {
        if listener.address.network.is_udp() {
            Quic::new(socket, port.cloned(), endpoints).map(Self::Quic)
        } else if socket.domain()? == Domain::UNIX {
            UnixListener::from_std(socket.into()).map(Self::Unix)
        } else {
            TcpListener::from_std(socket.into()).map(Self::Tcp)
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        let socket = match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Socket::Tcp(stream, peer)
            }
            Self::Unix(listener) => Socket::Unix(listener.accept().await?.0),
            Self::Quic(quic) => return quic.accept().await.map(|attempt| Accepted::Quic(Box::new(attempt))),
        };
        Ok(Accepted::Stream(socket))
    }
}

/// Accepts until told to stop and then stays until its connections are gone.
pub(super) async fn accept_loop(
    listener: Arc<Listener>,
    socket: socket2::Socket,
    port: Option<Arc<Held>>,
    endpoints: Arc<Endpoints>,
    logger: Logger,
) {
    let mut orders = listener.orders.subscribe();
    let connections = Rc::new(Connections::default());
    match Acceptor::new(socket, &listener, port.as_ref(), &endpoints) {
        Ok(acceptor) => {
            let current = Rc::new(Current::new(listener));
            let mut renewals = 0;
            while !orders.borrow_and_update().stop {
                tokio::select! {
                    accepted = acceptor.accept() => match accepted {
                        Ok(accepted) => connections.open(&current, accepted, &logger),
                        Err(error) => after_error(&error, &current.listener, &logger).await,
                    },
                    Ok(()) = orders.changed() => {
                        // Lets go of the endpoint that was replaced, although no request may come for long.
                        drop(current.endpoint());
                        let now = *orders.borrow();
                        if now.renewals != renewals {
                            renewals = now.renewals;
                            connections.tell_all(false);
                        }
                    }
                }
            }
        }
        Err(error) => {
            logger.error("cannot listen", |fields| {
                fields.add("address", listener.address.to_string()).error(&error);
            });
            drop(listener);
        }
    }
    drop(port);
    // From here on only connections keep the listener alive, and its end closes the channel.
    loop {
        let Orders { stop, cut, .. } = *orders.borrow_and_update();
        if stop {
            connections.tell_all(cut);
        }
        if cut || orders.changed().await.is_err() {
            return;
        }
    }
}

async fn after_error(error: &io::Error, listener: &Listener, logger: &Logger) {
    let Some(pause) = pause_after(error) else { return };
    logger.error("cannot accept connections", |fields| {
        fields.add("address", listener.address.to_string()).error(error);
    });
    tokio::time::sleep(pause).await;
}

/// How long not to accept; `None` for the error of one connection, after which the next may be well.
fn pause_after(error: &io::Error) -> Option<Duration> {
    let of_one = matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset);
    (!of_one).then_some(ACCEPT_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_last_are_waited_out() {
        let (too_many_files, aborted) = (io::Error::from_raw_os_error(24), io::Error::from_raw_os_error(103));
        assert_eq!(pause_after(&too_many_files), Some(ACCEPT_PAUSE));
        assert_eq!(pause_after(&aborted), None);
    }
}
