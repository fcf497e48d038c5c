//! The socket of one connection of QUIC to an upstream.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit, UdpSocketState},
};
use tokio::{io::Interest, net::UdpSocket};

use crate::{
    listen::{Unpacked, Writable, receive},
    shard,
};

/// A socket that hears when nobody listens at the other end, and remembers that, which QUIC does not tell.
pub(super) struct Connected {
    io: Arc<UdpSocket>,
    state: UdpSocketState,
    /// Set for good once nobody listens.
    refused: AtomicBool,
    /// Who waits for datagrams.
    receiver: AtomicWaker,
    unpacked: Mutex<Unpacked>,
}

impl Connected {
    pub(super) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        let io = Arc::new(UdpSocket::from_std(socket)?);
        let (refused, receiver, unpacked) = (AtomicBool::new(false), AtomicWaker::new(), Mutex::default());
        Ok(Self { io, state, refused, receiver, unpacked })
    }

    /// Waits until the network says that nobody is there. The first datagrams of a connection go out all at once: the next to
    /// be sent, which would hear of it, follows a second later.
    pub(super) async fn failed(&self) -> io::Error {
        loop {
            if let Err(error) = self.io.ready(Interest::ERROR).await {
                return error;
            }
            let error = self.io.try_io(Interest::ERROR, || {
                self.io.take_error()?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
            });
            if let Ok(error) = error {
                return error;
            }
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Relaxed)
    }
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected").field("io", &self.io).finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for Connected {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable::new(&self.io))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let sent = self.io.try_io(Interest::WRITABLE, || self.state.try_send((&*self.io).into(), transmit));
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.refused.store(true, Relaxed);
                self.receiver.wake();
                Ok(())
            }
            // What is lost is sent again.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [io::IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = unpacked.left(buffers, metas) {
            return Poll::Ready(Ok(count));
        }
        self.receiver.register(cx.waker());
        // With this the connection is lost at once, as one over TCP is that is reset.
        while !self.is_refused() {
            ready!(self.io.poll_recv_ready(cx))?;
            let received = shard::with_scratch(|scratch| {
                let meta = receive(&self.io, &self.state, scratch)?;
                Ok::<_, io::Error>(unpacked.split(&scratch[..meta.len], &meta, buffers, metas))
            });
            match received {
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    self.refused.store(true, Relaxed);
                }
                // It was not ready after all, or the network has complained about something that was sent.
                Err(_) => {}
            }
        }
        Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()))
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
