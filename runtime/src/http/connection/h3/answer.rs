//! One request and what it is answered with.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use caddis_h3::{
    Code, SessionId,
    message::{Protocol, write},
    stream::Event,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, request};
use tokio::sync::oneshot;

use super::{Busy, Early, Shared, session};
use crate::{
    http::{
        Body,
        body::BodyError,
        connection::{
            interim::{InterimStream, InterimTarget, MAX_WAITING},
            outgoing,
        },
        h3::{
            Arrived, Failed, Outbound, Reading, ReadingError, Received, SendError, SessionLeg, Tunnelled,
            Unsent, send_body,
        },
        server::{Aborted, Stream},
        takeover::{Connect, Wanted},
    },
    tunnel::Leg,
};

/// A stream is over before its response has ended, for the sake of which it is reset with this.
struct Over(Code);

impl From<SendError> for Over {
    fn from(error: SendError) -> Self {
        match error {
            // The client has gone, or wants no more.
            SendError::Write(_) => Over(Code::H3_REQUEST_CANCELLED),
            SendError::Stalled => Over(Code::H3_INTERNAL_ERROR),
        }
    }
}

impl From<Unsent> for Over {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Body(_) | Unsent::Length => Over(Code::H3_INTERNAL_ERROR),
            Unsent::Gone => Over(Code::H3_REQUEST_CANCELLED),
            Unsent::Send(error) => error.into(),
        }
    }
}

/// Answers the request on one stream. A client that leaves has nothing more done for it.
pub(super) async fn answer<S, F, B>(
    mut reading: Reading,
    mut outbound: Outbound,
    early: bool,
    shared: Rc<Shared>,
    service: Rc<S>,
) where
    S: Fn(Request<Body>, Stream) -> F,
    F: Future<Output = Result<Response<B>, Aborted>>,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let done = outbound.done();
    let failed = reading.failed();
    let answered = async {
        match first(&mut reading, shared.limits.read_header).await? {
            First::Head(mut head) => {
                // Once the handshake is over, what came before is the client's, and came once.
                if early && shared.is_early() {
                    head.extensions.insert(Early);
                }
                respond(*head, reading, &mut outbound, &shared, &failed, &*service).await
            }
            First::TooLarge => {
                refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, reading, &mut outbound).await
            }
            First::Session(session) => Ok(Answered::None(session, Box::new(reading))),
        }
    }
    .await;
    drop(service);
    match answered {
        Ok(Answered::None(session, reading)) => {
            shared.link.arrived(session, Arrived::new(*reading, outbound));
        }
        Ok(Answered::Whole) => {
            outbound.finish();
            shared.link.core().borrow_mut().request_done();
            // The connection must not end before the client has all of it. One that has gone needs nothing.
            drop(done.await);
        }
        Ok(Answered::HandedOver(handover, head)) => {
            shared.link.core().borrow_mut().request_done();
            handover.give(outbound, head, &shared).await;
        }
        Err(Over(code)) => {
            outbound.reset(failed.code().unwrap_or(code));
            let spoilt = shared.link.core().borrow_mut().request_reset();
            // The connection is closed with the error, of which its own task hears.
            drop(shared.link.fatal(spoilt));
        }
    }
}

/// How a request ends that is not given up.
enum Answered {
    /// All of the response was sent.
    Whole,
    /// What follows the head of the response is not HTTP.
    HandedOver(Box<Handover>, Bytes),
    /// There is no request: the stream is one of this session.
    None(SessionId, Box<Reading>),
}

/// What a stream begins with.
enum First {
    Head(Box<request::Parts>),
    /// The head of a request that is too large.
    TooLarge,
    /// It is one of a WebTransport session.
    Session(SessionId),
}

/// Waits for the head of the request.
async fn first(reading: &mut Reading, patience: Option<Duration>) -> Result<First, Over> {
    let first = match patience {
        Some(patience) => match tokio::time::timeout(patience, reading.next()).await {
            Ok(first) => first,
            Err(_) => {
                reading.stop(Code::H3_REQUEST_CANCELLED);
                return Err(Over(Code::H3_REQUEST_CANCELLED));
            }
        },
        None => reading.next().await,
    };
    match first {
        Ok(Some(Event::Request(head))) => Ok(First::Head(Box::new(head))),
        Ok(Some(Event::TooLarge)) => Ok(First::TooLarge),
        Ok(Some(Event::WebTransport(session))) => Ok(First::Session(session)),
        // Which code it is was noted.
        Ok(_) | Err(ReadingError::Protocol(_) | ReadingError::Lost(_)) => {
            Err(Over(Code::H3_REQUEST_INCOMPLETE))
        }
    }
}

/// Answers a request that nobody is asked about.
async fn refuse(status: StatusCode, reading: Reading, outbound: &mut Outbound) -> Result<Answered, Over> {
    drop(reading);
    let mut headers = HeaderMap::new();
    outgoing::prepare(&mut headers);
    headers.insert(http::header::CONTENT_LENGTH, 0.into());
    let mut out = BytesMut::new();
    write::response(status, &headers, &mut out);
    outbound.write(&mut [out.freeze()]).await?;
    Ok(Answered::Whole)
}

async fn respond<S, F, B>(
    mut head: request::Parts,
    mut reading: Reading,
    outbound: &mut Outbound,
    shared: &Shared,
    failed: &Failed,
    service: &S,
) -> Result<Answered, Over>
where
    S: Fn(Request<Body>, Stream) -> F,
    F: Future<Output = Result<Response<B>, Aborted>>,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let to_head = head.method == Method::HEAD;
    let over = reading.is_over().await.map_err(|_| Over(Code::H3_REQUEST_CANCELLED))?;
    let asked = match session::ask(&mut head, reading.id(), shared).await {
        Ok(asked) => asked,
        Err(session::Refused::Client) => return refuse(StatusCode::BAD_REQUEST, reading, outbound).await,
        Err(session::Refused::Protocol(error)) => return Err(Over(error.code)),
    };
    let (request, connect, mut handover) = open(head, reading, over, asked);
    let interims = Arc::new(Interims::new());
    let stream = Stream { interim: InterimTarget::Stream(Arc::clone(&interims) as _), connect };
    let response = {
        let mut answering = pin!(service(request, stream));
        let mut gone = pin!(outbound.done());
        poll_fn(|cx| {
            if let Poll::Ready(answered) = answering.as_mut().poll(cx) {
                return Poll::Ready(answered.ok());
            }
            let given_up =
                handover.as_mut().is_some_and(|handover| handover.reading.poll_reset(cx).is_ready());
            if given_up || failed.code().is_some() || gone.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            interims.poll_send(cx, outbound);
            Poll::Pending
        })
        .await
    };
    if let Some(code) = failed.code() {
        return Err(Over(code));
    }
    let response = response
        .filter(|response| !response.status().is_informational())
        .ok_or(Over(Code::H3_INTERNAL_ERROR))?;
    let unsent = interims.close();
    if !unsent.is_empty() {
        outbound.write(&mut [unsent]).await?;
    }
    if let Some(handover) = handover.filter(|handover| response.status().is_success() && handover.is_wanted())
    {
        let (mut head, _) = response.into_parts();
        outgoing::prepare(&mut head.headers);
        head.headers.remove(http::header::CONTENT_LENGTH);
        handover.complete(&mut head.headers);
        return Ok(Answered::HandedOver(Box::new(handover), fields(&head.headers, head.status, shared)?));
    }
    let (mut head, body) = response.into_parts();
    let promise = outgoing::finish_head(&mut head, &body, to_head);
    let head = fields(&head.headers, head.status, shared)?;
    match promise {
        Some(promise) => send_body(head, body, promise, outbound, failed).await?,
        None => outbound.write(&mut [head]).await?,
    }
    Ok(Answered::Whole)
}

/// The head of a response as it is sent, unless the client has said that it takes no such large one.
fn fields(headers: &HeaderMap, status: StatusCode, shared: &Shared) -> Result<Bytes, Over> {
    let mut out = BytesMut::new();
    let size = write::response(status, headers, &mut out);
    match shared.link.core().borrow().peer_field_section() {
        Some(limit) if size > limit => Err(Over(Code::H3_INTERNAL_ERROR)),
        _ => Ok(out.freeze()),
    }
}

/// Gives a request its body; that of an extended CONNECT is a stream to be taken over.
fn open(
    mut head: request::Parts,
    reading: Reading,
    over: bool,
    session: Option<session::Asked>,
) -> (Request<Body>, Option<Connect>, Option<Handover>) {
    let Some(protocol) = head.extensions.remove::<Protocol>() else {
        let body = if over { Body::Empty } else { Body::Boxed(Box::pin(Received::new(reading))) };
        return (Request::from_parts(head, body), None, None);
    };
    let (taker, stream) = match session {
        Some(asked) => {
            let (sender, stream) = oneshot::channel();
            (Taker::Session(sender, asked), Wanted::Session(stream))
        }
        None => {
            let (sender, stream) = oneshot::channel();
            (Taker::Bytes(sender), Wanted::Bytes(stream))
        }
    };
    let connect = Connect { protocol: protocol.as_str().into(), stream };
    (Request::from_parts(head, Body::Empty), Some(connect), Some(Handover { taker, reading }))
}

/// Who may take a stream over.
enum Taker {
    Bytes(oneshot::Sender<Leg>),
    Session(oneshot::Sender<SessionLeg>, session::Asked),
}

/// Gives a stream to whoever takes it over.
struct Handover {
    taker: Taker,
    reading: Reading,
}

impl Handover {
    fn is_wanted(&self) -> bool {
        match &self.taker {
            Taker::Bytes(sender) => !sender.is_closed(),
            Taker::Session(sender, _) => !sender.is_closed(),
        }
    }

    /// Adds to the head of the response what only this leg of the way needs.
    fn complete(&self, headers: &mut HeaderMap) {
        if let Taker::Session(_, asked) = &self.taker {
            asked.complete(headers);
        }
    }

    async fn give(mut self, mut outbound: Outbound, head: Bytes, shared: &Shared) {
        // A task that is woken by a stream keeps its memory, although it has ended.
        self.reading.unwatch();
        if outbound.write(&mut [head]).await.is_err() {
            return outbound.reset(Code::H3_REQUEST_CANCELLED);
        }
        let busy = Busy::begin(&shared.activity);
        // If it is not wanted any more, it is dropped here and with that reset.
        match self.taker {
            Taker::Bytes(sender) => {
                let stream = Tunnelled::new(outbound, self.reading, Some(busy));
                drop(sender.send(Leg::Other(Box::new(stream))));
            }
            Taker::Session(sender, asked) => {
                drop(sender.send(asked.accept((self.reading, outbound), busy)));
            }
        }
    }
}

/// Interim responses of one request, until the final one is decided.
#[derive(Debug)]
struct Interims(
    /// What waits to be sent; `None` once there must be no more.
    Mutex<Option<BytesMut>>,
);

impl Interims {
    fn new() -> Self {
        Self(Mutex::new(Some(BytesMut::new())))
    }

    fn waiting(&self) -> MutexGuard<'_, Option<BytesMut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits, as far as the client takes it.
    fn poll_send(&self, cx: &mut Context<'_>, outbound: &mut Outbound) {
        let mut waiting = self.waiting();
        let Some(waiting) = &mut *waiting else { return };
        while !waiting.is_empty() {
            match outbound.poll_write(cx, waiting) {
                Poll::Ready(Ok(count)) => waiting.advance(count),
                // That the client has gone is found by who looks for it.
                Poll::Ready(Err(_)) => waiting.clear(),
                Poll::Pending => return,
            }
        }
    }

    /// Lets no more come. What was not sent yet.
    fn close(&self) -> Bytes {
        self.waiting().take().unwrap_or_default().freeze()
    }
}

impl InterimStream for Interims {
    fn send(&self, status: StatusCode, headers: &HeaderMap, waker: &Waker) {
        let mut waiting = self.waiting();
        let Some(waiting) = waiting.as_mut().filter(|waiting| waiting.len() <= MAX_WAITING) else { return };
        let mut headers = headers.clone();
        outgoing::strip(&mut headers);
        write::response(status, &headers, waiting);
        waker.wake_by_ref();
    }
}
