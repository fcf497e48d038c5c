//! The receiving half of a request's stream.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caddis_h3::{
    Code, Scope,
    stream::{Event, Incoming},
};
use quinn::{ReadError, RecvStream};

use super::{CHUNK, OpenStream, close, number};

/// What a peer sends on a stream. Dropped before its end, the peer is told that the rest is not needed.
#[derive(Debug)]
pub(crate) struct Reading {
    stream: RecvStream,
    incoming: Incoming,
    /// What has come and was not looked at yet.
    input: Bytes,
    /// Whether nothing more is to be read.
    ended: bool,
    failed: Failed,
    quic: quinn::Connection,
    /// What the peer is told if the rest is not read.
    unwanted: Code,
    _open: OpenStream,
}

/// With which code both halves of a stream end, once something was wrong with what came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failed(Arc<OnceLock<Code>>);

impl Failed {
    pub(crate) fn code(&self) -> Option<Code> {
        self.0.get().copied()
    }

    fn set(&self, code: Code) {
        // The first is what it ends with.
        let _ = self.0.set(code);
    }
}

/// Why a message cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadingError {
    /// The peer has violated the protocol.
    #[error(transparent)]
    Protocol(#[from] caddis_h3::Error),
    /// The peer has reset the stream, or is gone.
    #[error(transparent)]
    Lost(#[from] ReadError),
}

impl Reading {
    pub(super) fn new(
        stream: RecvStream,
        incoming: Incoming,
        quic: quinn::Connection,
        unwanted: Code,
        open: OpenStream,
    ) -> Self {
        let (input, failed) = (Bytes::new(), Failed::default());
        Self { stream, incoming, input, ended: false, failed, quic, unwanted, _open: open }
    }

    /// What became of the stream.
    pub(crate) fn failed(&self) -> Failed {
        self.failed.clone()
    }

    /// The length that the message declares of its content.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.incoming.content_length()
    }

    /// What comes next; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, ReadingError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadingError>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let next = ready!(self.poll_event(cx));
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.ended = true,
            Err(error) => self.fail(error),
        }
        Poll::Ready(next)
    }

    fn fail(&mut self, error: &ReadingError) {
        match error {
            ReadingError::Lost(_) => {
                self.ended = true;
                self.failed.set(Code::H3_REQUEST_CANCELLED);
            }
            ReadingError::Protocol(error) => {
                self.failed.set(error.code);
                self.stop(error.code);
                if error.scope == Scope::Connection {
                    close(&self.quic, error.code, error.reason);
                }
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadingError>> {
        loop {
            if let Some(event) = self.incoming.next(&mut self.input)? {
                return Poll::Ready(Ok(Some(event)));
            }
            match ready!(pin!(self.stream.read_chunk(CHUNK, true)).poll(cx))? {
                Some(chunk) => self.input = chunk.bytes,
                None => {
                    self.incoming.end()?;
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    /// Whether the end has come already. Does not wait for it.
    pub(crate) async fn is_over(&mut self) -> Result<bool, ReadingError> {
        if self.ended || !self.input.is_empty() {
            return Ok(self.ended);
        }
        let over = poll_fn(|cx| {
            Poll::Ready(match pin!(self.stream.read_chunk(CHUNK, true)).poll(cx) {
                Poll::Ready(Ok(Some(chunk))) => {
                    self.input = chunk.bytes;
                    Ok(false)
                }
                Poll::Ready(Ok(None)) => self.incoming.end().map(|()| true).map_err(ReadingError::from),
                Poll::Ready(Err(error)) => Err(error.into()),
                Poll::Pending => Ok(false),
            })
        })
        .await;
        match &over {
            Ok(over) => self.ended = *over,
            Err(error) => self.fail(error),
        }
        over
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads no further, and tells the peer.
    pub(crate) fn stop(&mut self, code: Code) {
        if !std::mem::replace(&mut self.ended, true) {
            // One that has ended needs no stop.
            drop(self.stream.stop(number(code)));
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop(self.unwanted);
    }
}
