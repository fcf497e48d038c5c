//! The socket of one connection of QUIC to an upstream: it hears when nobody listens at the other end, and remembers that, which
//! QUIC does not tell.

use std::{
    io::{self, IoSliceMut},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use quinn::udp::RecvMeta;
use tokio::io::Interest;

use crate::listen::{Kind, Udp};

/// What is special about the socket of a client, which is connected to its server.
#[derive(Debug, Default)]
pub(super) struct Connected {
    /// Set for good once nobody listens.
    refused: AtomicBool,
    /// Who waits for datagrams.
    receiver: AtomicWaker,
}

impl Connected {
    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Relaxed)
    }
}

impl Udp<Connected> {
    /// Waits until the network says that nobody is there. The first datagrams of a connection go out all at once: the next to
    /// be sent, which would hear of it, follows a second later.
    pub(super) async fn failed(&self) -> io::Error {
        loop {
            if let Err(error) = self.io().ready(Interest::ERROR).await {
                return error;
            }
            let error = self.io().try_io(Interest::ERROR, || {
                self.io().take_error()?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
            });
            if let Ok(error) = error {
                return error;
            }
        }
    }
}

impl Kind for Connected {
    /// Once nobody listens the connection is lost at once, as one over TCP is that is reset.
    fn poll_ahead(
        &self,
        cx: &mut Context<'_>,
        _: &mut [IoSliceMut<'_>],
        _: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.receiver.register(cx.waker());
        match self.is_refused() {
            true => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
            false => Poll::Pending,
        }
    }

    fn is_for_here(&self, _: &[u8], _: &RecvMeta) -> bool {
        true
    }

    fn complained(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            self.refused.store(true, Relaxed);
            self.receiver.wake();
        }
    }
}
