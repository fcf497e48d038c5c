//! `expect_continue_timeout`: a body that was announced with `Expect: 100-continue` waits until the upstream wants it
//! (RFC 9110, section 10.1.1).

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, header};
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::Request;
use crate::http::{Body, body::BodyError};

const WAITING: u8 = 0;
const OPEN: u8 = 1;
const SHUT: u8 = 2;

/// What the body waits at.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: AtomicU8,
    /// Of whoever asks for the body.
    waker: Mutex<Option<Waker>>,
}

/// Holds back the body of a request that expects 100, for that long at most. `None` if it expects nothing.
pub(super) fn hold_back(request: &mut Request, limit: Duration) -> Option<Arc<Gate>> {
    let expects = request.headers().get(header::EXPECT)?.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if !expects || request.body().is_empty() {
        return None;
    }
    let gate = Arc::new(Gate::default());
    let body = std::mem::take(request.body_mut());
    let sleep = Box::pin(tokio::time::sleep(limit));
    *request.body_mut() = Body::Boxed(Box::pin(Held { body, gate: Arc::clone(&gate), sleep }));
    Some(gate)
}

impl Gate {
    /// Lets the body through.
    pub(super) fn open(&self) {
        self.become_now(OPEN);
    }

    /// After the head of the final response: if that came before the body was wanted, the body is never sent. Its
    /// connection can carry nothing else then, and is closed when the response has been read. Whether it is so.
    pub(super) fn refused(self: Arc<Self>, response: &mut Response<Body>) -> bool {
        let refused = self.state.load(Relaxed) == WAITING;
        if refused {
            let body = std::mem::take(response.body_mut());
            let shut = Shut(self);
            if !body.is_empty() {
                *response.body_mut() = Body::Boxed(Box::pin(Last { body, _shut: shut }));
            }
        }
        refused
    }

    fn become_now(&self, state: u8) {
        self.state.store(state, Relaxed);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A body at the gate.
struct Held {
    body: Body,
    gate: Arc<Gate>,
    sleep: Pin<Box<Sleep>>,
}

/// The upstream has answered without the body.
#[derive(Debug, thiserror::Error)]
#[error("the upstream does not want the body")]
struct Unwanted;

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let held = self.get_mut();
        if held.gate.state.load(Relaxed) == WAITING {
            if held.sleep.as_mut().poll(cx).is_pending() {
                let waker = Some(cx.waker().clone());
                *held.gate.waker.lock().unwrap_or_else(PoisonError::into_inner) = waker;
                return Poll::Pending;
            }
            held.gate.open();
        }
        match held.gate.state.load(Relaxed) {
            SHUT => Poll::Ready(Some(Err(Unwanted.into()))),
            _ => Pin::new(&mut held.body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Shuts the gate at its end.
struct Shut(Arc<Gate>);

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.become_now(SHUT);
    }
}

/// The last response of a connection.
struct Last {
    body: Body,
    _shut: Shut,
}

impl http_body::Body for Last {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
