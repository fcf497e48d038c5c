//! The receiving half of a stream.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker, ready},
};

use bytes::Bytes;
use caddis_h3::{Code, StreamId};
use futures_util::task::AtomicWaker;
use quinn::{ReadError, RecvStream, VarInt};

use super::{CHUNK, OpenStream, number};

/// What is received on a stream. Dropped before its end, the peer is told that the rest is not needed.
#[derive(Debug)]
pub(crate) struct Inbound {
    stream: RecvStream,
    /// Whether nothing more is to be read.
    ended: bool,
    /// What the peer is told if the rest is not read.
    unwanted: Code,
    /// Who waits for a reset.
    watcher: Option<Arc<Watcher>>,
    _open: OpenStream,
}

/// Wakes whoever waits for a reset. The library keeps what is to be woken for as long as the connection lasts, if the stream
/// comes to its end without one: that should not be a task with all that belongs to it.
#[derive(Debug, Default)]
struct Watcher(AtomicWaker);

impl Wake for Watcher {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }
}

impl Inbound {
    pub(super) fn new(stream: RecvStream, unwanted: Code, open: OpenStream) -> Self {
        Self { stream, ended: false, unwanted, watcher: None, _open: open }
    }

    /// Makes it a stream of a WebTransport session, which ends with it.
    pub(super) fn of_session(mut self) -> Self {
        self.unwanted = Code::WT_SESSION_GONE;
        self
    }

    /// The id of the stream.
    pub(crate) fn id(&self) -> StreamId {
        StreamId::new(VarInt::from(self.stream.id()).into_inner())
    }

    /// Whether nothing more is to be read.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// What comes next; `None` at the end.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ReadError>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let read = ready!(pin!(self.stream.read_chunk(CHUNK, true)).poll(cx));
        self.ended = !matches!(read, Ok(Some(_)));
        Poll::Ready(read.map(|chunk| chunk.map(|chunk| chunk.bytes)))
    }

    /// The same.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Ready when the peer has reset the stream, although what came before was not read yet.
    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<Code> {
        if self.ended {
            return Poll::Pending;
        }
        let watcher = self.watcher.get_or_insert_default();
        watcher.0.register(cx.waker());
        let waker = Waker::from(Arc::clone(watcher));
        let mut watching = Context::from_waker(&waker);
        match ready!(pin!(self.stream.received_reset()).poll(&mut watching)) {
            Ok(Some(code)) => {
                self.ended = true;
                Poll::Ready(Code::new(code.into_inner()))
            }
            // All has come; or the connection is gone, as whoever reads or writes learns.
            Ok(None) | Err(_) => Poll::Pending,
        }
    }

    /// Wakes nobody any more who has asked for a reset.
    pub(super) fn unwatch(&self) {
        if let Some(watcher) = &self.watcher {
            watcher.0.take();
        }
    }

    /// Reads no further, and tells the peer.
    pub(crate) fn stop(&mut self, code: Code) {
        if !std::mem::replace(&mut self.ended, true) {
            // One that has ended needs no stop.
            drop(self.stream.stop(number(code)));
        }
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        self.stop(self.unwanted);
        self.unwatch();
    }
}
