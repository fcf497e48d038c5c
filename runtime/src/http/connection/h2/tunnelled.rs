//! A stream that was taken over: bytes in both directions.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::connection::Busy;

/// Both directions of a stream. Dropped before both have ended, it is reset.
pub(crate) struct Tunnelled {
    send: SendStream<Bytes>,
    receive: RecvStream,
    /// What has come and was not read yet.
    ahead: Bytes,
    /// Whether our end was said.
    ended: bool,
    /// Present on the connection of a client.
    _busy: Option<Busy>,
}

impl Tunnelled {
    pub(crate) fn new(send: SendStream<Bytes>, receive: RecvStream, busy: Option<Busy>) -> Self {
        Self { send, receive, ahead: Bytes::new(), ended: false, _busy: busy }
    }

    /// Fills the buffer as far as there is something; pending if there is nothing.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Option<Result<(), h2::Error>>> {
        let mut filled = false;
        loop {
            let count = self.ahead.len().min(buffer.remaining());
            if count > 0 {
                buffer.put_slice(&self.ahead[..count]);
                self.ahead.advance(count);
                filled = true;
                if let Err(error) = self.receive.flow_control().release_capacity(count) {
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if buffer.remaining() == 0 {
                return Poll::Ready(Some(Ok(())));
            }
            match self.receive.poll_data(cx) {
                Poll::Ready(Some(Ok(data))) => self.ahead = data,
                // What is wrong is said again when there is nothing else to say.
                _ if filled => return Poll::Ready(Some(Ok(()))),
                other => return other.map_ok(drop),
            }
        }
    }
}

impl AsyncRead for Tunnelled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(match ready!(self.poll_fill(cx, buffer)) {
            None | Some(Ok(())) => Ok(()),
            // Whoever has nothing more to hear may let go of the stream instead of ending it.
            Some(Err(error)) if self.ended && is_let_go(&error) => Ok(()),
            Some(Err(error)) => Err(broken(error)),
        })
    }
}

impl AsyncWrite for Tunnelled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        while self.send.capacity() == 0 {
            self.send.reserve_capacity(data.len());
            if self.send.capacity() > 0 {
                break;
            }
            if ready!(self.send.poll_capacity(cx)).transpose().map_err(broken)?.is_none() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
        }
        let count = self.send.capacity().min(data.len());
        self.send.send_data(Bytes::copy_from_slice(&data[..count]), false).map_err(broken)?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection sends what it has by itself.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ended {
            self.ended = true;
            self.send.send_data(Bytes::new(), true).map_err(broken)?;
        }
        Poll::Ready(Ok(()))
    }
}

fn is_let_go(error: &h2::Error) -> bool {
    matches!(error.reason(), Some(Reason::NO_ERROR | Reason::CANCEL))
}

/// CANCEL is what a reset of TCP is elsewhere (RFC 8441, section 5).
fn broken(error: h2::Error) -> io::Error {
    match error.reason() {
        Some(Reason::CANCEL) => io::Error::new(io::ErrorKind::ConnectionReset, error),
        Some(Reason::STREAM_CLOSED) => io::Error::new(io::ErrorKind::BrokenPipe, error),
        _ if error.is_io() => error.into_io().expect("it is one"),
        _ => io::Error::other(error),
    }
}
