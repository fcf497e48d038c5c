//! A stream that was taken over: bytes in both directions, in DATA frames (RFC 9114, section 4.4).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use caddis_h3::{Code, frame, stream::Event};
use quinn::ReadError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    outbound::Outbound,
    reading::{Reading, ReadingError},
};
use crate::http::connection::Busy;

/// The most that is put into one frame, in bytes.
const FRAME: usize = 16 << 10;

/// Both directions of a stream. Dropped before both have ended, it is reset. A connection to a client is busy meanwhile.
pub(crate) struct Tunnelled {
    outbound: Outbound,
    reading: Reading,
    /// What has come and was not read yet.
    ahead: Bytes,
    /// The frame that is being sent.
    unsent: BytesMut,
    /// Whether our end was said.
    ended: bool,
    _busy: Option<Busy>,
}

impl Tunnelled {
    pub(crate) fn new(outbound: Outbound, reading: Reading, busy: Option<Busy>) -> Self {
        let (ahead, unsent) = (Bytes::new(), BytesMut::new());
        Self { outbound, reading, ahead, unsent, ended: false, _busy: busy }
    }

    /// Ready when all is on its way.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let count = ready!(self.outbound.poll_write(cx, &self.unsent))?;
            self.unsent.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Tunnelled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.remaining();
        while buffer.remaining() > 0 {
            if self.ahead.is_empty() {
                match self.reading.poll_next(cx) {
                    Poll::Ready(Ok(Some(Event::Data(data)))) => self.ahead = data,
                    // What is wrong is said again when there is nothing else to say.
                    _ if buffer.remaining() < before => break,
                    Poll::Ready(Ok(_)) => break,
                    // Whoever has nothing more to hear may let go of the stream instead of ending it.
                    Poll::Ready(Err(error)) if self.ended && is_let_go(&error) => break,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(broken(error))),
                    Poll::Pending => return Poll::Pending,
                }
            }
            let count = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead[..count]);
            self.ahead.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnelled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_unsent(cx))?;
        let count = data.len().min(FRAME);
        frame::data(count as u64, &mut self.unsent);
        self.unsent.put_slice(&data[..count]);
        // What is left of it is sent ahead of what comes next.
        match self.poll_unsent(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(count)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unsent(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        if !self.ended {
            self.ended = true;
            self.outbound.finish();
        }
        Poll::Ready(Ok(()))
    }
}

/// Whether the peer has only lost interest.
fn is_let_go(error: &ReadingError) -> bool {
    let ReadingError::Lost(ReadError::Reset(code)) = error else { return false };
    let code = Code::new(code.into_inner());
    code.is_no_error() || code == Code::H3_REQUEST_CANCELLED
}

/// A reset is here what it is in TCP (RFC 9220, section 3).
fn broken(error: ReadingError) -> io::Error {
    let kind = match &error {
        ReadingError::Lost(ReadError::Reset(_)) => io::ErrorKind::ConnectionReset,
        ReadingError::Lost(_) => io::ErrorKind::NotConnected,
        ReadingError::Protocol(_) => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}
