//! The body of a request.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::wire::{State, Wire};
use crate::http::{body::BodyError, h1::Piece, passing::Polled};

/// What a client sends on its connection. It is read as it is asked for.
#[derive(Debug)]
pub struct Incoming {
    wire: Rc<Wire>,
    request: u32,
    /// Whether all of it came.
    done: bool,
}

/// The rest was given up with the connection.
#[derive(Debug, thiserror::Error)]
#[error("the request is over")]
struct Over;

impl Incoming {
    /// The body of the request in progress.
    pub(super) fn new(wire: Rc<Wire>, request: u32) -> Self {
        Self { wire, request, done: false }
    }
}

impl State {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, BodyError>> {
        if self.expects {
            self.ask_for_body();
            self.wake_engine(cx);
        }
        loop {
            let piece = self.framing.next(&mut self.input.bytes, self.most_head);
            // Which is the client's mistake, and stays one: nothing more is read.
            let piece = piece.map_err(|invalid| io::Error::new(io::ErrorKind::InvalidData, invalid))?;
            match piece {
                Some(Piece::Data(data)) => return Poll::Ready(Ok(Some(Frame::data(data)))),
                Some(Piece::Trailers(fields)) => return Poll::Ready(Ok(Some(Frame::trailers(fields)))),
                Some(Piece::End) => return Poll::Ready(Ok(None)),
                None => {}
            }
            if self.ended || ready!(self.poll_fill(cx))? == 0 {
                self.framing.closed()?;
            }
        }
    }

    /// The task that asks is to be woken when the request is over.
    fn read_by(&mut self, cx: &Context<'_>) {
        if !self.engine.will_wake(cx.waker()) {
            self.reader = Some(cx.waker().clone());
        }
    }

    /// Has the engine look after the connection again if it does not by itself, because someone else asks for the body.
    fn wake_engine(&self, cx: &Context<'_>) {
        if !self.engine.will_wake(cx.waker()) {
            self.engine.wake_by_ref();
        }
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        if self.done {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let mut state = this.wire.state();
        if state.request != this.request {
            this.done = true;
            return Poll::Ready(Some(Err(Over.into())));
        }
        let Poll::Ready(frame) = state.poll_frame(cx) else {
            state.read_by(cx);
            return Poll::Pending;
        };
        this.done = frame.is_err() || state.framing.is_done();
        if this.done {
            state.wake_engine(cx);
            if state.input.is_empty() {
                state.input.free();
            }
        }
        Poll::Ready(frame.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.done
    }

    fn size_hint(&self) -> SizeHint {
        if self.done {
            return SizeHint::with_exact(0);
        }
        self.wire.state().framing.size_hint()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut state = self.wire.state();
        if state.request == self.request {
            state.held = false;
            if !self.done {
                state.engine.wake_by_ref();
            }
        }
    }
}
