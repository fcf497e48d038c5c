//! The sending half of a request's stream.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use caddis_h3::Code;
use quinn::{SendStream, StoppedError, VarInt, WriteError};

use super::{OpenStream, number};

/// What is sent on a stream. Dropped before its end, the stream is reset.
pub(crate) struct Outbound {
    stream: SendStream,
    /// Whether the end or the reset was said.
    ended: bool,
    /// How long a write may make no progress.
    patience: Option<Duration>,
    /// What the stream is reset with if nothing else is said.
    broken_off: Code,
    _open: OpenStream,
}

/// Why no more can be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the peer does not read")]
    Stalled,
}

impl Outbound {
    pub(super) fn new(
        stream: SendStream,
        open: OpenStream,
        patience: Option<Duration>,
        broken_off: Code,
    ) -> Self {
        Self { stream, ended: false, patience, broken_off, _open: open }
    }

    /// Makes it a stream of a WebTransport session, which ends with it.
    pub(super) fn of_session(mut self) -> Self {
        self.patience = None;
        self.broken_off = Code::WT_SESSION_GONE;
        self
    }

    /// Sends all of this, as fast as the peer takes it.
    ///
    /// # Errors
    /// When the peer has gone, wants no more, or takes nothing for too long.
    pub(crate) async fn write(&mut self, mut pieces: &mut [Bytes]) -> Result<(), SendError> {
        while !pieces.is_empty() {
            let writing = self.stream.write_chunks(pieces);
            let written = match self.patience {
                Some(patience) => {
                    tokio::time::timeout(patience, writing).await.map_err(|_| SendError::Stalled)?
                }
                None => writing.await,
            }?;
            pieces = &mut pieces[written.chunks..];
        }
        Ok(())
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes).map_err(Into::into)
    }

    /// Sends at most so much of the beginning of `content`, and takes that off; how much it was.
    pub(crate) fn poll_write_some(
        &mut self,
        cx: &mut Context<'_>,
        content: &mut Bytes,
        most: usize,
    ) -> Poll<Result<usize, WriteError>> {
        let mut pieces = [content.slice(..content.len().min(most))];
        let written = ready!(pin!(self.stream.write_chunks(&mut pieces)).poll(cx))?;
        content.advance(written.bytes);
        Poll::Ready(Ok(written.bytes))
    }

    /// Says that all was sent.
    pub(crate) fn finish(&mut self) {
        self.ended = true;
        // A peer that has stopped the stream hears of its end by itself.
        drop(self.stream.finish());
    }

    /// Gives the stream up.
    pub(crate) fn reset(&mut self, code: Code) {
        if !std::mem::replace(&mut self.ended, true) {
            drop(self.stream.reset(number(code)));
        }
    }

    /// Done when the peer wants no more, has all of it, or is gone.
    pub(crate) fn done(
        &self,
    ) -> impl Future<Output = Result<Option<VarInt>, StoppedError>> + Send + Sync + 'static {
        self.stream.stopped()
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.reset(self.broken_off);
    }
}
