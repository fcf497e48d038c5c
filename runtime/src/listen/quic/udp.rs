//! Sockets of QUIC. The kernel gives many datagrams of one peer as one, for which QUIC would keep 3 MB of buffers for each socket:
//! here they are read into the buffer of the shard, and copied to buffers of the size of a datagram.

use std::{
    array,
    collections::VecDeque,
    fmt,
    future::Future,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState},
};
use tokio::{io::Interest, net::UdpSocket};

use super::batch::Unsent;
use crate::shard;

/// The most that the kernel gives as one, in bytes.
const LARGEST: usize = 64 << 10;
/// How many of these are asked for at once. Fewer come where there are no more, which saves asking again; where systems give one
/// at a time it is one.
const AT_ONCE: usize = if BATCH_SIZE < IN_SCRATCH { BATCH_SIZE } else { IN_SCRATCH };
const IN_SCRATCH: usize = shard::SCRATCH / LARGEST;
/// How often in a row a socket is read from that brings nothing.
const ROUNDS: usize = 16;

/// What is different about the sockets of servers and of clients.
pub(crate) trait Kind: fmt::Debug + Send + Sync + 'static {
    /// What there is to be received before the socket is asked.
    fn poll_ahead(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>>;

    /// Whether datagrams are for the endpoint of this socket. Others were taken care of.
    fn is_for_here(&self, received: &[u8], meta: &RecvMeta) -> bool;

    /// The network has complained about something that was sent. What is lost is sent again.
    fn complained(&self, error: &io::Error);
}

/// The socket of an endpoint.
#[derive(Debug)]
pub(crate) struct Udp<K> {
    io: Arc<UdpSocket>,
    state: UdpSocketState,
    unpacked: Mutex<Unpacked>,
    outgoing: Mutex<Outgoing>,
    pub(crate) kind: K,
}

/// What waits to be sent.
#[derive(Debug, Default)]
struct Outgoing {
    unsent: Unsent,
    /// Whether there is a task that will send it once there is room.
    blocked: bool,
}

impl<K: Kind> Udp<K> {
    /// # Errors
    /// When the socket cannot be used so.
    pub(crate) fn new(socket: std::net::UdpSocket, kind: K) -> io::Result<Arc<Self>> {
        let state = UdpSocketState::new((&socket).into())?;
        let io = Arc::new(UdpSocket::from_std(socket)?);
        let (unpacked, outgoing) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(Self { io, state, unpacked, outgoing, kind }))
    }

    /// The socket below.
    pub(crate) fn io(&self) -> &UdpSocket {
        &self.io
    }

    /// Reads what the kernel gives into pieces of `scratch`, of [`LARGEST`] bytes each; how many of them it took.
    fn receive(&self, scratch: &mut [u8], metas: &mut [RecvMeta; AT_ONCE]) -> io::Result<usize> {
        let mut pieces = scratch.chunks_exact_mut(LARGEST).map(IoSliceMut::new);
        let mut pieces: [_; AT_ONCE] =
            array::from_fn(|_| pieces.next().expect("the scratch is large enough"));
        let receive = || self.state.recv((&*self.io).into(), &mut pieces, metas);
        let count = self.io.try_io(Interest::READABLE, receive)?;
        if count < AT_ONCE {
            // What comes from here on makes it ready again.
            let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            drop(self.io.try_io(Interest::READABLE, nothing));
        }
        Ok(count)
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_unsent(&self) -> bool {
        !self.outgoing().unsent.is_empty()
    }

    /// Sends what waits, or has it sent once there is room.
    pub(super) fn flush(self: &Arc<Self>) {
        let mut outgoing = self.outgoing();
        let sent = outgoing.unsent.flush(|transmit| self.send(transmit));
        if sent.is_err() && !outgoing.blocked {
            outgoing.blocked = true;
            tokio::spawn(send_late(Arc::clone(self)));
        }
    }

    /// Sends, unless that would have to wait.
    fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let send = || self.state.try_send((&*self.io).into(), transmit);
        match self.io.try_io(Interest::WRITABLE, send) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                self.kind.complained(&error);
                Ok(())
            }
            sent => sent,
        }
    }
}

/// Sends what waits once there is room.
async fn send_late<K: Kind>(socket: Arc<Udp<K>>) {
    // It fails where the runtime is shutting down.
    while socket.io.writable().await.is_ok() {
        let mut outgoing = socket.outgoing();
        if outgoing.unsent.flush(|transmit| socket.send(transmit)).is_ok() {
            outgoing.blocked = false;
            return;
        }
    }
}

impl<K: Kind> AsyncUdpSocket for Udp<K> {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable::new(&self.io))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut outgoing = self.outgoing();
        outgoing.unsent.put(transmit, |transmit| self.send(transmit))
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
        for _ in 0..ROUNDS {
            if let Poll::Ready(ahead) = self.kind.poll_ahead(cx, buffers, metas) {
                return Poll::Ready(ahead);
            }
            ready!(self.io.poll_recv_ready(cx))?;
            let mut came = [RecvMeta::default(); AT_ONCE];
            let count = shard::with_scratch(|scratch| match self.receive(scratch, &mut came) {
                Ok(pieces) => {
                    let mut count = 0;
                    for (piece, meta) in scratch.chunks_exact(LARGEST).zip(&came[..pieces]) {
                        let received = &piece[..meta.len];
                        if self.kind.is_for_here(received, meta) {
                            count +=
                                unpacked.hand_out(received, meta, &mut buffers[count..], &mut metas[count..]);
                        }
                    }
                    count
                }
                // It was not ready after all.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => {
                    self.kind.complained(&error);
                    0
                }
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

/// Datagrams that came along with others, and for which there were no buffers.
#[derive(Debug, Default)]
struct Unpacked(VecDeque<(Bytes, RecvMeta)>);

impl Unpacked {
    /// Hands out what is left; `None` if that is nothing.
    fn left(&mut self, buffers: &mut [IoSliceMut<'_>], metas: &mut [RecvMeta]) -> Option<usize> {
        let mut count = 0;
        while let Some((contents, together)) = self.0.front_mut() {
            let (more, length) = split(contents, together, &mut buffers[count..], &mut metas[count..]);
            count += more;
            contents.advance(length);
            if contents.has_remaining() {
                break;
            }
            self.0.pop_front();
        }
        (count > 0).then_some(count)
    }

    /// Hands out datagrams, and keeps those for which there is no buffer. How many buffers were used.
    fn hand_out(
        &mut self,
        contents: &[u8],
        together: &RecvMeta,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> usize {
        let (count, length) = split(contents, together, buffers, metas);
        if length < contents.len() {
            self.0.push_back((Bytes::copy_from_slice(&contents[length..]), *together));
        }
        count
    }
}

/// Puts each datagram into a buffer of its own, as far as there are buffers. How many were used, and how much of `contents`.
fn split(
    contents: &[u8],
    together: &RecvMeta,
    buffers: &mut [IoSliceMut<'_>],
    metas: &mut [RecvMeta],
) -> (usize, usize) {
    let (mut count, mut used) = (0, 0);
    let datagrams = contents.chunks(together.stride.max(1));
    for ((buffer, meta), datagram) in buffers.iter_mut().zip(metas).zip(datagrams) {
        // One that is longer than was agreed is none.
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        *meta = *together;
        (meta.len, meta.stride) = (length, length);
        used += datagram.len();
        count += 1;
    }
    (count, used)
}

/// A wait for room to send.
type Waiting = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// Waits for room to send, for one task.
struct Writable {
    io: Arc<UdpSocket>,
    waiting: Option<Waiting>,
}

impl Writable {
    fn new(io: &Arc<UdpSocket>) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_that_came_together_are_told_apart() {
        let mut together = RecvMeta::default();
        let mut room = [[0; 4]; 2];
        let mut metas = [RecvMeta::default(); 2];
        let mut unpacked = Unpacked::default();
        let mut told = Vec::new();
        let mut came = [(b"aaabbbcc".as_slice(), 3), (b"ddeef", 2)].into_iter();
        loop {
            let mut buffers: Vec<_> = room.iter_mut().map(|room| IoSliceMut::new(room)).collect();
            let count = match came.next() {
                Some((contents, stride)) => {
                    (together.len, together.stride) = (contents.len(), stride);
                    // The second piece finds no buffer.
                    let free = if told.is_empty() { 2 } else { 0 };
                    unpacked.hand_out(contents, &together, &mut buffers[..free], &mut metas)
                }
                None => match unpacked.left(&mut buffers, &mut metas) {
                    Some(count) => count,
                    None => break,
                },
            };
            told.extend(
                (0..count).map(|at| String::from_utf8_lossy(&room[at][..metas[at].len]).into_owned()),
            );
        }
        assert_eq!(told, ["aaa", "bbb", "cc", "dd", "ee", "f"]);
    }
}
