//! The receiving half of a request's stream.

use std::{
    future::poll_fn,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caddis_h3::{
    Code, Scope, StreamId,
    stream::{Event, Incoming},
};
use quinn::ReadError;

use super::{Inbound, close};

/// What a peer sends on a stream. Dropped before its end, the peer is told that the rest is not needed.
#[derive(Debug)]
pub(crate) struct Reading {
    inbound: Inbound,
    incoming: Incoming,
    /// What has come and was not looked at yet.
    input: Bytes,
    /// What was found when somebody asked whether there is anything.
    found: Option<Box<Result<Event, ReadingError>>>,
    failed: Failed,
    quic: quinn::Connection,
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
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReadingError {
    /// The peer has violated the protocol.
    #[error(transparent)]
    Protocol(#[from] caddis_h3::Error),
    /// The peer has reset the stream, or is gone.
    #[error(transparent)]
    Lost(#[from] ReadError),
}

impl Reading {
    pub(super) fn new(inbound: Inbound, incoming: Incoming, quic: quinn::Connection) -> Self {
        Self { inbound, incoming, input: Bytes::new(), found: None, failed: Failed::default(), quic }
    }

    /// The stream, and what was read of it too far: it turned out to be none of messages.
    pub(crate) fn into_rest(self) -> (Inbound, Bytes) {
        (self.inbound, self.input)
    }

    /// The id of the stream.
    pub(crate) fn id(&self) -> StreamId {
        self.inbound.id()
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
        if let Some(found) = self.found.take() {
            return Poll::Ready(found.map(Some));
        }
        if self.has_ended() {
            return Poll::Ready(Ok(None));
        }
        Poll::Ready(ready!(self.poll_event(cx)).inspect_err(|error| self.fail(error)))
    }

    fn fail(&mut self, error: &ReadingError) {
        match error {
            ReadingError::Lost(_) => self.failed.set(Code::H3_REQUEST_CANCELLED),
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
            match ready!(self.inbound.poll_chunk(cx))? {
                Some(chunk) => self.input = chunk,
                None => {
                    self.incoming.end()?;
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    /// Whether the end has come already, but for frames that mean nothing. Does not wait for it. What is found instead, or is
    /// wrong, is also told to whoever reads next.
    pub(crate) async fn is_over(&mut self) -> Result<bool, ReadingError> {
        poll_fn(|cx| match self.poll_over(cx) {
            Poll::Pending => Poll::Ready(Ok(false)),
            over @ Poll::Ready(_) => over,
        })
        .await
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, ReadingError>> {
        if self.found.is_some() || self.has_ended() {
            return Poll::Ready(Ok(self.found.is_none()));
        }
        Poll::Ready(match ready!(self.poll_next(cx)) {
            Ok(Some(event)) => {
                self.found = Some(Box::new(Ok(event)));
                Ok(false)
            }
            Ok(None) => Ok(true),
            Err(error) => {
                self.found = Some(Box::new(Err(error.clone())));
                Err(error)
            }
        })
    }

    /// Ready when the peer has given the message up, although what came before was not looked at yet.
    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inbound.poll_reset(cx).map(|_| self.failed.set(Code::H3_REQUEST_CANCELLED))
    }

    /// Wakes nobody any more who has asked for that.
    pub(crate) fn unwatch(&mut self) {
        self.inbound.unwatch();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.inbound.has_ended()
    }

    /// Reads no further, and tells the peer.
    pub(crate) fn stop(&mut self, code: Code) {
        self.inbound.stop(code);
    }
}
