//! HTTP/1.1: requests come one after the other, and each is answered in the task of its connection.

mod incoming;
mod request;
mod response;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod whole;
mod wire;

use std::{
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Version};
use tokio::{io::AsyncWrite, time::Sleep};

pub use self::incoming::Incoming;
pub(crate) use self::wire::Wire;
use self::{
    request::{Head, Refused},
    response::{Sending, To},
    wire::Handover,
};
use super::{Activity, Engine, InterimTarget, Watched};
use crate::{
    http::{
        Body,
        body::BodyError,
        h1::{Output, Piece},
        handler::boxed,
        server::{Aborted, Stream},
    },
    tunnel::Leg,
};

/// Most that is read of a request's body that nobody wants, in bytes, for the sake of the connection: Go's limit.
const DISCARDED: usize = 256 << 10;
/// How long a client that still sends has time to read a last response: Go's time. A connection that is closed before takes
/// the response with it.
const LINGER: Duration = Duration::from_millis(500);

/// A connection. `S` answers the requests.
pub(crate) struct Http1<S, F, B> {
    wire: Owned,
    service: S,
    activity: Arc<Activity>,
    stage: Stage<F, B>,
    output: Output,
    /// Whether to take no further requests.
    finishing: bool,
}

enum Stage<F, B> {
    /// Until the head of a request is there.
    Waiting,
    Answering(Pin<Box<F>>, To),
    Sending(Sending<B>),
    /// Whoever still reads the body of the request may do so to its end. Then another request follows, or none.
    Reading(bool),
    /// The connection is handed over when the head was sent. The body is empty, and ends the request.
    Switching(Handover, B),
    Closing(Closing),
}

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("connection error")]
    Io(#[from] io::Error),
    #[error("the request is not taken")]
    Refused(#[from] Refused),
    #[error("the client has left")]
    Gone,
    #[error("the response broke off")]
    Body(#[source] BodyError),
    #[error(transparent)]
    Aborted(#[from] Aborted),
    #[error("a handler has answered with status {0}, which needs another request")]
    Status(StatusCode),
}

/// The connection, which ends with its engine, whoever else may still have a part of it.
struct Owned(Rc<Wire>);

impl Drop for Owned {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.end_request();
        state.stream = None;
    }
}

impl<S, F, B> Http1<S, F, B>
where
    S: Fn(Request<Body>, Option<Stream>) -> F,
    F: Future<Output = Result<Response<B>, Aborted>>,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    /// A connection that was just opened. `most_head` is the longest head of a request in bytes; a longer one is
    /// answered with 431.
    pub(crate) fn new(stream: Watched, activity: &Arc<Activity>, most_head: usize, service: S) -> Self {
        Self {
            wire: Owned(Rc::new(Wire::new(stream, most_head))),
            service,
            activity: Arc::clone(activity),
            stage: Stage::Waiting,
            output: Output::default(),
            finishing: false,
        }
    }

    /// Waits for the head of a request; `None` if the client has ended the connection.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Stage<F, B>>, Ended>> {
        let mut state = self.wire.0.state();
        let mut head = None;
        let head = loop {
            let most = state.most_head;
            if let Err(invalid) = state.input.take_head(most, &mut head, request::read) {
                drop(state);
                return Poll::Ready(Ok(Some(self.refuse(invalid.into()))));
            }
            if let Some(head) = &mut head {
                break head;
            }
            if self.finishing && state.input.is_empty() {
                return Poll::Ready(Ok(Some(Stage::Closing(Closing::new(false)))));
            }
            let Poll::Ready(read) = state.poll_fill(cx) else {
                if state.input.is_empty() {
                    state.input.free();
                } else {
                    self.activity.head_began();
                }
                return Poll::Pending;
            };
            if read? == 0 {
                let whole = state.input.is_empty();
                let end =
                    if whole { Ok(None) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) };
                return Poll::Ready(end);
            }
        };
        drop(state);
        Poll::Ready(Ok(Some(self.begin(head).unwrap_or_else(|refused| self.refuse(refused)))))
    }

    /// Says what is wrong with a request, of which nobody knows where it ends.
    fn refuse(&mut self, refused: Refused) -> Stage<F, B> {
        response::put_refusal(refused.status(), self.output.head());
        Stage::Closing(Closing { error: Some(refused.into()), ..Closing::new(true) })
    }

    /// Passes a request on to whoever answers it.
    fn begin(&mut self, head: &mut Head) -> Result<Stage<F, B>, Refused> {
        let asked = head.asked()?;
        let old = head.version == Version::HTTP_10;
        let (is_head, connect) = (head.method == Method::HEAD, head.method == Method::CONNECT);
        let to = To { head: is_head, connect, old, keep: asked.keep };
        let wire = &self.wire.0;
        let mut state = wire.state();
        let number = state.request;
        state.held = !asked.framing.is_done();
        state.framing = asked.framing;
        state.expects = asked.expects;
        state.upgrades = asked.upgrades;
        state.takes_interim = !old;
        state.input.free();
        let body =
            if state.held { Body::Incoming(Incoming::new(Rc::clone(wire), number)) } else { Body::Empty };
        drop(state);
        let mut request = Request::new(body);
        *request.method_mut() = std::mem::take(&mut head.method);
        *request.uri_mut() = std::mem::take(&mut head.uri);
        *request.version_mut() = head.version;
        *request.headers_mut() = std::mem::take(&mut head.headers);
        let interim = InterimTarget::Connection(Rc::clone(wire), number);
        let stream = (!old).then_some(Stream { interim, connect: None });
        Ok(Stage::Answering(boxed(|| (self.service)(request, stream)), to))
    }

    /// Begins to send the response.
    fn respond(
        &mut self,
        response: Response<B>,
        mut to: To,
        cx: &mut Context<'_>,
    ) -> Result<Stage<F, B>, Ended> {
        let (head, body) = response.into_parts();
        let mut state = self.wire.0.state();
        state.takes_interim = false;
        let out = self.output.head();
        out.extend_from_slice(state.interim.rest_of_head());
        state.interim.free();
        if head.status.is_informational() {
            let handover = state.handover.take().filter(|handover| !handover.is_closed());
            let handover = handover
                .filter(|_| head.status == StatusCode::SWITCHING_PROTOCOLS && state.framing.is_done());
            let handover = handover.ok_or(Ended::Status(head.status))?;
            response::put_switch(&head, out);
            return Ok(Stage::Switching(handover, body));
        }
        to.keep &= !self.finishing && (state.held && !state.expects || state.discard(cx));
        Ok(Stage::Sending(Sending::new(&head, body, to, out)))
    }

    /// What comes after a response.
    fn next(&mut self, keep: bool) -> Stage<F, B> {
        self.output.free();
        let mut state = self.wire.0.state();
        state.end_request();
        if !keep || self.finishing {
            let whole = state.framing.is_done() && state.input.is_empty();
            return Stage::Closing(Closing::new(!state.ended && !whole));
        }
        Stage::Waiting
    }

    /// Hands the connection over to whoever has asked for it.
    fn hand_over(&mut self) {
        let Stage::Switching(handover, body) = std::mem::replace(&mut self.stage, Stage::Waiting) else {
            return;
        };
        let mut state = self.wire.0.state();
        let read = std::mem::take(&mut state.input.bytes).freeze();
        if let Some(stream) = state.stream.take() {
            // If it is not wanted any more, it is closed with that.
            drop(handover.send(Leg::from_client(stream.into_stream(), read)));
        }
        drop(state);
        drop(body);
    }
}

impl wire::State {
    /// Reads what is there of a body that nobody wants. Whether that is all of it, so that another request may follow.
    fn discard(&mut self, cx: &mut Context<'_>) -> bool {
        let mut left = DISCARDED;
        // A client that was not told to send its body may send it or not.
        while !self.framing.is_done() && !self.ended && !self.expects {
            match self.framing.next(&mut self.input.bytes, self.most_head) {
                Ok(Some(Piece::Data(data))) => match left.checked_sub(data.len()) {
                    Some(less) => left = less,
                    None => return false,
                },
                Ok(Some(_)) => {}
                Ok(None) if self.poll_fill(cx).is_pending() => return false,
                Ok(None) => {}
                Err(_) => return false,
            }
        }
        self.framing.is_done() && !self.ended
    }
}

/// The end of a connection.
struct Closing {
    /// Why, if that is not as it should be.
    error: Option<Ended>,
    /// Whether the client may still be sending.
    lingers: bool,
    shut: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Closing {
    fn new(lingers: bool) -> Self {
        Self { error: None, lingers, shut: false, timer: None }
    }

    /// Sends what is left to be sent, and ends the connection.
    fn poll(&mut self, wire: &Wire, output: &mut Output, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let mut state = wire.state();
        if !self.shut {
            let Some(stream) = &mut state.stream else { return Poll::Ready(Ok(())) };
            ready!(output.poll_write(stream, cx))?;
            // Whoever has gone need not be told.
            drop(ready!(Pin::new(stream).poll_shutdown(cx)));
            self.shut = true;
        }
        if self.lingers {
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
            while timer.as_mut().poll(cx).is_pending() {
                state.input.bytes.clear();
                if !matches!(ready!(state.poll_fill(cx)), Ok(1..)) {
                    break;
                }
            }
        }
        Poll::Ready(self.error.take().map_or(Ok(()), Err))
    }
}

impl<S, F, B> Engine for Http1<S, F, B>
where
    Self: Future<Output = Result<(), Ended>> + Unpin,
{
    type Error = Ended;

    const MULTIPLEXED: bool = false;

    fn finish(self: Pin<&mut Self>) {
        self.get_mut().finishing = true;
    }
}

impl<S, F, B> Future for Http1<S, F, B>
where
    S: Fn(Request<Body>, Option<Stream>) -> F + Unpin,
    F: Future<Output = Result<Response<B>, Aborted>>,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    type Output = Result<(), Ended>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            let wire = &this.wire.0;
            let next = match &mut this.stage {
                Stage::Waiting => match ready!(this.poll_head(cx))? {
                    Some(stage) => stage,
                    None => return Poll::Ready(Ok(())),
                },
                Stage::Answering(answering, to) => {
                    wire.state().run_by(cx);
                    match answering.as_mut().poll(cx) {
                        Poll::Ready(answered) => {
                            let to = *to;
                            this.respond(answered?, to, cx)?
                        }
                        Poll::Pending => {
                            let mut state = wire.state();
                            if let Poll::Ready(sent) = state.poll_interim(cx) {
                                sent?;
                            }
                            return state.poll_gone(cx).map(|()| Err(Ended::Gone));
                        }
                    }
                }
                Stage::Sending(sending) => {
                    wire.state().run_by(cx);
                    ready!(sending.poll(wire, &mut this.output, cx))?;
                    Stage::Reading(sending.keep)
                }
                Stage::Reading(keep) => {
                    let mut state = wire.state();
                    state.run_by(cx);
                    if state.held && !state.framing.is_done() && !state.ended {
                        return Poll::Pending;
                    }
                    let keep = *keep && state.discard(cx);
                    drop(state);
                    this.next(keep)
                }
                Stage::Switching(..) => {
                    let mut state = wire.state();
                    let Some(stream) = &mut state.stream else { return Poll::Ready(Err(Ended::Gone)) };
                    ready!(this.output.poll_write(stream, cx))?;
                    drop(state);
                    this.hand_over();
                    return Poll::Ready(Ok(()));
                }
                Stage::Closing(closing) => return closing.poll(wire, &mut this.output, cx),
            };
            this.stage = next;
        }
    }
}
