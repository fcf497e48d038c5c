//! `expect_continue_timeout`: a body that was announced with `Expect: 100-continue` waits until the upstream wants it
//! (RFC 9110, section 10.1.1).

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::header;
use http_body::Body as _;
use tokio::time::Sleep;

use super::Request;
use crate::http::{
    Body,
    passing::{Pass, Passing, Polled},
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Waiting,
    Open,
    Shut,
}

/// What the body waits at.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Cell<State>,
    /// Of whoever asks for the body.
    waker: RefCell<Option<Waker>>,
}

/// Holds back the body of a request that expects 100, for that long at most. `None` if it expects nothing.
pub(super) fn hold_back(request: &mut Request, limit: Duration) -> Option<Rc<Gate>> {
    let expects = request.headers().get(header::EXPECT)?.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if !expects || request.body().is_empty() {
        return None;
    }
    let gate = Rc::new(Gate::default());
    let body = std::mem::take(request.body_mut());
    let sleep = Box::pin(tokio::time::sleep(limit));
    *request.body_mut() = Passing::boxed(body, Held { gate: Rc::clone(&gate), sleep });
    Some(gate)
}

impl Gate {
    /// Lets the body through.
    pub(super) fn open(&self) {
        self.state.set(State::Open);
        self.waker.take().into_iter().for_each(Waker::wake);
    }

    /// After the head of the final response: if that came before the body was wanted, the body is never sent. Its
    /// connection can carry nothing else then, and is closed when the response has been read.
    pub(super) fn shut(&self) {
        if self.state.get() == State::Waiting {
            self.state.set(State::Shut);
        }
    }
}

/// Holds a body back at the gate.
struct Held {
    gate: Rc<Gate>,
    sleep: Pin<Box<Sleep>>,
}

impl Pass for Held {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        let Self { gate, sleep } = self;
        if gate.state.get() == State::Waiting && sleep.as_mut().poll(cx).is_ready() {
            gate.open();
        }
        if gate.state.get() == State::Open {
            return body.poll_frame(cx);
        }
        *gate.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}
