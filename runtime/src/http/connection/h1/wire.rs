//! A connection as its engine and the request in progress share it. All of it happens on one thread.

use std::{
    cell::{RefCell, RefMut},
    fmt::Debug,
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::oneshot,
};

use super::{super::Watched, response};
use crate::{
    http::h1::{Framing, Input, Output},
    tunnel::Leg,
};

/// What may wait for a client that does not read; interim responses beyond that are left out.
const MAX_WAITING: usize = super::super::interim::MAX_WAITING;

/// A connection of HTTP/1.1.
pub(crate) struct Wire(RefCell<State>);

/// Whoever takes the connection over gets it here, with what was read too far.
pub(super) type Handover = oneshot::Sender<(Leg, Bytes)>;

pub(super) struct State {
    /// `None` once it was taken over, or its engine is gone.
    pub(super) stream: Option<Watched>,
    pub(super) input: Input,
    /// The longest head in bytes, and the longest trailers.
    pub(super) most_head: usize,
    /// Names the request in progress.
    pub(super) request: u32,
    /// Where its body ends.
    pub(super) framing: Framing,
    /// Whether someone has its body.
    pub(super) held: bool,
    /// Whether the client waits to be told to send it.
    pub(super) expects: bool,
    /// Whether nothing more can be read.
    pub(super) ended: bool,
    /// Whether the request may have interim responses: before its final one.
    pub(super) takes_interim: bool,
    /// Those that were not sent yet.
    pub(super) interim: Output,
    /// Whether the client has asked for another protocol.
    pub(super) upgrades: bool,
    pub(super) handover: Option<Handover>,
    /// Of the task that runs the engine.
    pub(super) engine: Waker,
    /// Of another one that waits for the body.
    pub(super) reader: Option<Waker>,
}

impl Wire {
    pub(super) fn new(stream: Watched, most_head: usize) -> Self {
        Self(RefCell::new(State {
            stream: Some(stream),
            input: Input::default(),
            most_head,
            request: 0,
            framing: Framing::Length(0),
            held: false,
            expects: false,
            ended: false,
            takes_interim: false,
            interim: Output::default(),
            upgrades: false,
            handover: None,
            engine: Waker::noop().clone(),
            reader: None,
        }))
    }

    pub(super) fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    /// Sends an interim response to a request, unless the final one is decided.
    pub(crate) fn send_interim(&self, request: u32, status: StatusCode, headers: &HeaderMap) {
        let mut state = self.state();
        if state.request == request
            && state.takes_interim
            && state.interim.rest_of_head().len() <= MAX_WAITING
        {
            response::put_interim(status, headers, state.interim.head());
            state.engine.wake_by_ref();
        }
    }

    /// The connection, once a request was answered with 101; `None` if it has not asked for that, or has not come to its end.
    pub(crate) fn take_over(&self, request: u32) -> Option<oneshot::Receiver<(Leg, Bytes)>> {
        let mut state = self.state();
        if state.request != request || !state.framing.is_done() || !std::mem::take(&mut state.upgrades) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.handover = Some(sender);
        Some(receiver)
    }
}

impl State {
    /// Reads on; 0 is the end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(0)) };
        let read = ready!(self.input.poll_fill(stream, cx));
        self.ended |= !matches!(read, Ok(1..));
        Poll::Ready(read)
    }

    /// Ready when the client has gone. As long as there is more of its request, who reads that finds it out.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(stream) = &mut self.stream else { return Poll::Pending };
        if self.ended || !self.framing.is_done() || !self.input.is_empty() {
            return Poll::Pending;
        }
        // Of the next request one byte is enough.
        let mut byte = [0];
        let mut read = ReadBuf::new(&mut byte);
        let end = ready!(Pin::new(stream).poll_read(cx, &mut read)).is_err() || read.filled().is_empty();
        if end {
            return Poll::Ready(());
        }
        self.input.bytes.extend_from_slice(read.filled());
        Poll::Pending
    }

    /// Sends the interim responses that wait.
    pub(super) fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
        if self.interim.is_empty() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.interim.poll_write(stream, cx))?;
        self.interim.free();
        Poll::Ready(Ok(()))
    }

    /// Tells the client to send the body that it has announced, unless it hears the final response.
    pub(super) fn ask_for_body(&mut self) {
        if std::mem::take(&mut self.expects) && self.takes_interim {
            self.interim.head().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    /// The task that runs the engine is to be woken for it.
    pub(super) fn run_by(&mut self, cx: &Context<'_>) {
        if !self.engine.will_wake(cx.waker()) {
            self.engine = cx.waker().clone();
        }
    }

    /// Whoever still has something of the request in progress can do nothing with it any more.
    pub(super) fn end_request(&mut self) {
        self.request = self.request.wrapping_add(1);
        self.held = false;
        self.takes_interim = false;
        self.upgrades = false;
        self.handover = None;
        self.reader.take().into_iter().for_each(Waker::wake);
    }
}

impl Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}
