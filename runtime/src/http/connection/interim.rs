//! Interim responses (1xx) to clients. The engine of HTTP/1.1 sends none, so the stream below it does; on other versions each
//! stream sends its own.

use std::{
    fmt::Debug,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker, ready},
};

use http::{HeaderMap, StatusCode};
use tokio::io::AsyncWrite;

use super::Activity;

/// What may wait for a client that does not read; interim responses beyond that are left out.
pub(super) const MAX_WAITING: usize = 64 << 10;

/// What is to be sent ahead of the response to the request in progress. All of it happens on one thread, as in
/// [`Activity`].
#[derive(Debug, Default)]
pub(crate) struct Interim {
    /// Goes up when a request begins and when its response is decided: odd in between.
    phase: AtomicU32,
    /// Whether the queue holds anything, so that there is nothing else to look at where nothing is sent.
    waiting: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    sent: usize,
}

impl Interim {
    /// A request begins that may have interim responses; the result names it.
    pub(crate) fn begin(&self) -> u32 {
        let phase = self.phase.load(Relaxed) | 1;
        self.phase.store(phase, Relaxed);
        phase
    }

    /// The final response is decided. What comes later for the same request is left out.
    pub(crate) fn end(&self) {
        self.phase.store((self.phase.load(Relaxed) + 1) & !1, Relaxed);
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, status: StatusCode, headers: &HeaderMap) {
        let mut queue = self.queue();
        if queue.bytes.len() > MAX_WAITING {
            return;
        }
        let bytes = &mut queue.bytes;
        let reason = status.canonical_reason().unwrap_or_default();
        bytes.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
        for (name, value) in headers {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
        bytes.extend_from_slice(b"\r\n");
        self.waiting.store(true, Relaxed);
    }

    /// Sends what waits.
    pub(super) fn poll_send(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut queue = self.queue();
        while queue.sent < queue.bytes.len() {
            let count = ready!(Pin::new(&mut *stream).poll_write(cx, &queue.bytes[queue.sent..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            queue.sent += count;
        }
        self.forget(queue);
        Poll::Ready(Ok(()))
    }

    /// Leaves out what waits if the response that it was to come before may have begun.
    pub(super) fn skip(&self) {
        if self.phase.load(Relaxed) & 1 == 0 {
            self.forget(self.queue());
        }
    }

    fn forget(&self, mut queue: MutexGuard<'_, Queue>) {
        *queue = Queue::default();
        self.waiting.store(false, Relaxed);
    }
}

/// A stream that carries one request and its responses.
pub(crate) trait InterimStream: Send + Sync + Debug {
    /// Sends a response at once, unless the final one is decided already. `waker` is that of the task which answers.
    fn send(&self, status: StatusCode, headers: &HeaderMap, waker: &Waker);
}

/// Where the interim responses of a request go.
#[derive(Debug, Clone)]
pub(crate) enum InterimTarget {
    /// A connection of HTTP/1.1, which knows the request by this name.
    Connection(Arc<Activity>, u32),
    /// A stream of its own.
    Stream(Arc<dyn InterimStream>),
}

/// Sends interim responses to the client of one request.
#[derive(Debug)]
pub(crate) struct InterimSender {
    target: InterimTarget,
    /// Has the connection look after what waits.
    waker: Waker,
}

impl InterimSender {
    /// `waker` is that of the task which answers the request.
    pub(crate) fn new(target: &InterimTarget, waker: &Waker) -> Self {
        Self { target: target.clone(), waker: waker.clone() }
    }

    /// Sends a response at once, unless the final one is decided already.
    pub(crate) fn send(&self, status: StatusCode, headers: &HeaderMap) {
        match &self.target {
            InterimTarget::Connection(activity, request) => {
                if activity.interim.phase.load(Relaxed) == *request {
                    activity.interim.push(status, headers);
                    self.waker.wake_by_ref();
                }
            }
            InterimTarget::Stream(stream) => stream.send(status, headers, &self.waker),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::http::connection::{Socket, Stream, Watched};

    /// Both ends of a connection, and what sends interim responses on it.
    async fn connection() -> (Watched, tokio::net::UnixStream, InterimSender, Arc<Activity>) {
        let (near, far) = tokio::net::UnixStream::pair().unwrap();
        let activity = Arc::new(Activity::new(false));
        let target = InterimTarget::Connection(Arc::clone(&activity), activity.interim.begin());
        let sender = InterimSender::new(&target, Waker::noop());
        let watched = Watched::new(Stream::Plain(Socket::Unix(near).into()), Arc::clone(&activity));
        (watched, far, sender, activity)
    }

    fn hint(sender: &InterimSender) {
        let headers = HeaderMap::from_iter([(http::header::LINK, HeaderValue::from_static("</a>"))]);
        sender.send(StatusCode::EARLY_HINTS, &headers);
    }

    async fn received(near: Watched, mut far: tokio::net::UnixStream) -> String {
        drop(near);
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        text
    }

    const HINT: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";

    #[tokio::test]
    async fn they_come_before_the_response() {
        let (mut near, far, sender, activity) = connection().await;
        hint(&sender);
        near.flush().await.unwrap();
        hint(&sender);
        activity.interim.end();
        hint(&sender);
        near.write_all(b"final").await.unwrap();
        near.flush().await.unwrap();
        assert_eq!(received(near, far).await, format!("{HINT}{HINT}final"));
    }

    #[tokio::test]
    async fn they_never_come_into_another_response() {
        let (mut near, far, sender, activity) = connection().await;
        near.write_all(b"the response bef").await.unwrap();
        hint(&sender);
        near.write_all(b"ore").await.unwrap();
        near.flush().await.unwrap();
        near.write_all(b", ").await.unwrap();
        hint(&sender);
        activity.interim.end();
        near.write_all(b"final").await.unwrap();
        near.flush().await.unwrap();
        assert_eq!(received(near, far).await, format!("the response before{HINT}, final"));
    }

    #[tokio::test]
    async fn those_of_another_request_are_left_out() {
        let (mut near, far, sender, activity) = connection().await;
        activity.interim.end();
        activity.interim.begin();
        hint(&sender);
        near.flush().await.unwrap();
        assert_eq!(received(near, far).await, "");
    }
}
