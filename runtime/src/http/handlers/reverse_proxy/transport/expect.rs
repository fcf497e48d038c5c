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

use http::{Response, header};
use http_body::Body as _;
use tokio::time::Sleep;

use super::Request;
use crate::http::{
    Body,
    passing::{Pass, Passing, Polled},
};

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
    *request.body_mut() = Passing::boxed(body, Held { gate: Arc::clone(&gate), sleep });
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
            if body.is_empty() {
                self.become_now(SHUT);
            } else {
                *response.body_mut() = Passing::boxed(body, Last(self));
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

/// The upstream has answered without the body.
#[derive(Debug, thiserror::Error)]
#[error("the upstream does not want the body")]
struct Unwanted;

/// Holds a body back at the gate.
struct Held {
    gate: Arc<Gate>,
    sleep: Pin<Box<Sleep>>,
}

impl Pass for Held {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let Self { gate, sleep } = self;
        if gate.state.load(Relaxed) == WAITING {
            if sleep.as_mut().poll(cx).is_pending() {
                *gate.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
                return Poll::Pending;
            }
            gate.open();
        }
        match gate.state.load(Relaxed) {
            SHUT => Poll::Ready(Some(Err(Unwanted.into()))),
            _ => body.poll_frame(cx),
        }
    }
}

/// Shuts the gate behind the last response of a connection.
struct Last(Arc<Gate>);

impl Pass for Last {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        body.poll_frame(cx)
    }

    fn left(&mut self, _: &mut Body) {
        self.0.become_now(SHUT);
    }
}
