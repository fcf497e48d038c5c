//! The socket of one endpoint, which hands over the datagrams that are meant for another one.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{EcnCodepoint, RecvMeta, Transmit, UdpSocketState},
};
use tokio::{io::Interest, net::UdpSocket, sync::mpsc};

use super::{
    Unpacked,
    ids::{self, Ids},
    receive,
};
use crate::{listen::ports::Held, shard};

/// Datagrams that wait for another endpoint. Those that come when so many wait are lost, as the network loses some.
const WAITING: usize = 1024;
/// How often in a row a socket is read from that brings nothing but what is handed over.
const ROUNDS: usize = 16;

/// The endpoints of a process, by number.
#[derive(Debug, Default)]
pub(crate) struct Endpoints(RwLock<BTreeMap<u16, Arc<Inbox>>>);

/// Where an endpoint takes what others have received.
#[derive(Debug)]
struct Inbox {
    local: SocketAddr,
    shard: Option<usize>,
    sender: mpsc::Sender<Datagram>,
    /// No connection is accepted any more.
    retired: AtomicBool,
}

struct Datagram {
    contents: Box<[u8]>,
    addr: SocketAddr,
    ecn: Option<EcnCodepoint>,
    dst_ip: Option<IpAddr>,
}

impl Endpoints {
    fn add(&self, inbox: Inbox) -> io::Result<(u16, Arc<Inbox>)> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // From above the last: a number should not be used again soon.
        let next = all.last_key_value().map_or(0, |(last, _)| last.wrapping_add(1));
        let free =
            (0..=u16::MAX).map(|step| next.wrapping_add(step)).find(|number| !all.contains_key(number));
        let number = free.ok_or_else(|| io::Error::other("there are too many endpoints of QUIC"))?;
        let inbox = Arc::new(inbox);
        all.insert(number, Arc::clone(&inbox));
        Ok((number, inbox))
    }

    fn remove(&self, number: u16) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    /// Who has the connection with an id.
    fn named(&self, id: &[u8; ids::LENGTH]) -> Option<Arc<Inbox>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&ids::endpoint(id)).cloned()
    }

    /// Who accepts new connections in the place of one that does not any more.
    fn heir(&self, retired: &Inbox) -> Option<Arc<Inbox>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut heirs = all.values().filter(|inbox| {
            !inbox.retired.load(Relaxed) && inbox.local == retired.local && inbox.shard == retired.shard
        });
        heirs.next().cloned()
    }
}

impl Inbox {
    fn put(&self, contents: &[u8], meta: &RecvMeta) {
        let RecvMeta { addr, ecn, dst_ip, .. } = *meta;
        // Full or closed, it is lost.
        drop(self.sender.try_send(Datagram { contents: contents.into(), addr, ecn, dst_ip }));
    }
}

/// The socket of an endpoint.
pub(super) struct Datagrams {
    io: Arc<UdpSocket>,
    state: UdpSocketState,
    number: u16,
    inbox: Arc<Inbox>,
    received: Mutex<mpsc::Receiver<Datagram>>,
    unpacked: Mutex<Unpacked>,
    endpoints: Arc<Endpoints>,
    /// The connections need the socket, and so the port stays ours after the listener has stopped.
    _port: Option<Arc<Held>>,
}

impl Datagrams {
    pub(super) fn new(
        socket: std::net::UdpSocket,
        port: Option<Arc<Held>>,
        endpoints: &Arc<Endpoints>,
    ) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        let io = Arc::new(UdpSocket::from_std(socket)?);
        let (sender, received) = mpsc::channel(WAITING);
        let (local, shard, retired) = (io.local_addr()?, shard::current(), AtomicBool::new(false));
        let (number, inbox) = endpoints.add(Inbox { local, shard, sender, retired })?;
        let endpoints = Arc::clone(endpoints);
        Ok(Self {
            io,
            state,
            number,
            inbox,
            received: Mutex::new(received),
            unpacked: Mutex::default(),
            endpoints,
            _port: port,
        })
    }

    /// Makes ids that name this endpoint.
    pub(super) fn ids(&self) -> Ids {
        Ids(self.number)
    }

    /// From here on new connections are somebody else's. The kernel does not know that, as long as the socket is open.
    pub(super) fn retire(&self) {
        self.inbox.retired.store(true, Relaxed);
    }

    /// Whose a datagram is; `None` if it is for here.
    fn other(&self, datagram: &[u8]) -> Option<Arc<Inbox>> {
        let id = ids::destination(datagram);
        if id.is_some_and(|id| ids::endpoint(id) == self.number) {
            return None;
        }
        let named = id.and_then(|id| self.endpoints.named(id));
        if named.is_some() || !self.inbox.retired.load(Relaxed) {
            return named;
        }
        self.endpoints.heir(&self.inbox)
    }

    /// Hands over what is not for here; whether that was nothing. Otherwise what is for here comes back with the rest.
    fn sort(&self, received: &[u8], meta: &RecvMeta) -> bool {
        let datagrams = || received.chunks(meta.stride.max(1));
        if datagrams().all(|datagram| self.other(datagram).is_none()) {
            return true;
        }
        for datagram in datagrams() {
            self.other(datagram).as_ref().unwrap_or(&self.inbox).put(datagram, meta);
        }
        false
    }

    /// Takes what others have received.
    fn poll_inbox(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> usize {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        for (buffer, meta) in buffers.iter_mut().zip(metas) {
            let Poll::Ready(Some(datagram)) = received.poll_recv(cx) else { break };
            let Datagram { contents, addr, ecn, dst_ip } = datagram;
            let len = contents.len().min(buffer.len());
            buffer[..len].copy_from_slice(&contents[..len]);
            *meta = RecvMeta::default();
            (meta.addr, meta.ecn, meta.dst_ip, meta.len, meta.stride) = (addr, ecn, dst_ip, len, len);
            count += 1;
        }
        count
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.endpoints.remove(self.number);
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams")
            .field("number", &self.number)
            .field("io", &self.io)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for Datagrams {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable::new(&self.io))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.io.try_io(Interest::WRITABLE, || self.state.send((&*self.io).into(), transmit))
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = unpacked.left(buffers, metas) {
            return Poll::Ready(Ok(count));
        }
        let count = self.poll_inbox(cx, buffers, metas);
        if count > 0 {
            return Poll::Ready(Ok(count));
        }
        for _ in 0..ROUNDS {
            ready!(self.io.poll_recv_ready(cx))?;
            let count = shard::with_scratch(|scratch| {
                // It was not ready after all, or the network has complained about something that was sent.
                let Ok(meta) = receive(&self.io, &self.state, scratch) else { return 0 };
                let received = &scratch[..meta.len];
                if self.sort(received, &meta) { unpacked.split(received, &meta, buffers, metas) } else { 0 }
            });
            if count > 0 {
                return Poll::Ready(Ok(count));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        1
    }

    fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }
}

/// A wait for room to send.
type Waiting = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// Waits for room to send, for one task.
pub(crate) struct Writable {
    io: Arc<UdpSocket>,
    waiting: Option<Waiting>,
}

impl Writable {
    pub(crate) fn new(io: &Arc<UdpSocket>) -> Self {
        Self { io: Arc::clone(io), waiting: None }
    }
}

impl UdpPoller for Writable {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let waiting = this.waiting.get_or_insert_with(|| {
            let io = Arc::clone(&this.io);
            Box::pin(async move { io.writable().await })
        });
        let writable = ready!(waiting.as_mut().poll(cx));
        this.waiting = None;
        Poll::Ready(writable)
    }
}

impl fmt::Debug for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writable").field("io", &self.io).finish_non_exhaustive()
    }
}
