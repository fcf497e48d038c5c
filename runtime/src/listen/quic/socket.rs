//! The socket of one endpoint, which hands over the datagrams that are meant for another one.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use quinn::udp::{EcnCodepoint, RecvMeta};
use tokio::sync::mpsc;

use super::{
    Kind,
    ids::{self, Ids},
};
use crate::{listen::ports::Held, shard};

/// Datagrams that wait for another endpoint. Those that come when so many wait are lost, as the network loses some.
const WAITING: usize = 1024;

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

/// What is special about the socket of a listener.
pub(super) struct Datagrams {
    number: u16,
    inbox: Arc<Inbox>,
    received: Mutex<mpsc::Receiver<Datagram>>,
    endpoints: Arc<Endpoints>,
    /// The connections need the socket, and so the port stays ours after the listener has stopped.
    _port: Option<Arc<Held>>,
}

impl Datagrams {
    /// Those of a socket with this address.
    pub(super) fn new(
        local: SocketAddr,
        port: Option<Arc<Held>>,
        endpoints: &Arc<Endpoints>,
    ) -> io::Result<Self> {
        let (sender, received) = mpsc::channel(WAITING);
        let (shard, retired) = (shard::current(), AtomicBool::new(false));
        let (number, inbox) = endpoints.add(Inbox { local, shard, sender, retired })?;
        let (received, endpoints) = (Mutex::new(received), Arc::clone(endpoints));
        Ok(Self { number, inbox, received, endpoints, _port: port })
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
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.endpoints.remove(self.number);
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("number", &self.number).finish_non_exhaustive()
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Kind for Datagrams {
    /// Takes what others have received.
    fn poll_ahead(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
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
        if count > 0 { Poll::Ready(Ok(count)) } else { Poll::Pending }
    }

    /// Hands over what is not for here. What came along with that comes back with the rest.
    fn is_for_here(&self, received: &[u8], meta: &RecvMeta) -> bool {
        let datagrams = || received.chunks(meta.stride.max(1));
        if datagrams().all(|datagram| self.other(datagram).is_none()) {
            return true;
        }
        for datagram in datagrams() {
            self.other(datagram).as_ref().unwrap_or(&self.inbox).put(datagram, meta);
        }
        false
    }

    fn complained(&self, _: &io::Error) {}
}
