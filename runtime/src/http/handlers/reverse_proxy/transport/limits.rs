//! `read_timeout` and `write_timeout`: how long a single read or write on a connection to an upstream may wait.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// The limits of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) read: Option<Duration>,
    pub(super) write: Option<Duration>,
}

impl Limits {
    /// Whether there is any.
    pub(super) fn any(self) -> bool {
        self.read.is_some() || self.write.is_some()
    }
}

/// A connection whose reads and writes fail when they wait too long.
pub(super) struct Limited<S> {
    stream: S,
    read: Timer,
    write: Timer,
}

/// Runs while an operation waits.
struct Timer {
    limit: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Timer {
    fn new(limit: Option<Duration>) -> Self {
        Self { limit, sleep: None, waiting: false }
    }

    /// The outcome of an operation, or a timeout in its place. The timer's memory is kept for the next wait.
    fn check<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let Some(limit) = self.limit else { return outcome };
        if outcome.is_ready() {
            self.waiting = false;
            return outcome;
        }
        let end = || Instant::now() + limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end())));
        if !self.waiting {
            self.waiting = true;
            sleep.as_mut().reset(end());
        }
        match sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S> Limited<S> {
    pub(super) fn new(stream: S, limits: Limits) -> Self {
        Self { stream, read: Timer::new(limits.read), write: Timer::new(limits.write) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.read.check(cx, outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.write.check(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.write.check(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.write.check(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_limit() {
        let (near, mut far) = tokio::io::duplex(64);
        let limits = Limits { read: Some(Duration::from_secs(2)), write: None };
        let mut near = Limited::new(near, limits);
        for _ in 0..3 {
            let (byte, written) = tokio::join!(near.read_u8(), async {
                tokio::time::sleep(Duration::from_millis(1500)).await;
                far.write_u8(7).await
            });
            assert_eq!((byte.unwrap(), written.is_ok()), (7, true));
        }
        assert_eq!(near.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_ends_a_write() {
        let (near, _far) = tokio::io::duplex(8);
        let mut near = Limited::new(near, Limits { read: None, write: Some(Duration::from_secs(1)) });
        assert_eq!(near.write_all(&[0; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
