//! HTTP/2: requests come in streams of a connection, and each is answered in a task of its own.

mod received;
mod reply;
#[cfg(test)]
mod tests;
mod tunnelled;

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use h2::{
    Reason, RecvStream,
    ext::Protocol,
    server::{self, SendResponse},
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::sync::oneshot;

pub use self::received::Received;
pub(crate) use self::{
    reply::{Sending, Unsent},
    tunnelled::Tunnelled,
};
use super::{
    Activity, Busy, Engine, Watched,
    interim::{InterimStream, InterimTarget, MAX_WAITING},
    outgoing,
};
use crate::{
    http::{
        Body,
        body::BodyError,
        server::{Aborted, Stream},
        takeover::{Connect, Wanted},
    },
    tunnel::Leg,
};

/// Requests at once on a connection, and the windows of its flow control in bytes: Go's defaults.
const STREAMS: u32 = 250;
const WINDOW: u32 = 1 << 20;
/// What may wait to be sent on a stream, in bytes.
const SEND_BUFFER: usize = 400 << 10;
/// Streams that a client may spoil before its connection is closed (ENHANCE_YOUR_CALM): by mistakes, and by resetting them
/// before they are looked at.
const SPOILT: usize = 1024;
const RESET_EARLY: usize = 20;

/// A connection. `S` answers the requests.
pub(crate) struct Http2<S> {
    stage: Stage,
    service: Rc<S>,
    activity: Arc<Activity>,
    /// Whether to finish as soon as the client has said hello.
    finish: bool,
}

enum Stage {
    Greeting(server::Handshake<Watched, Bytes>),
    Serving(server::Connection<Watched, Bytes>),
}

impl<S> Http2<S> {
    /// A connection whose client is about to say hello. `max_header_bytes` is the most that the fields of a request may
    /// take; the library answers 431 to more.
    pub(crate) fn new(
        stream: Watched,
        activity: &Arc<Activity>,
        max_header_bytes: usize,
        service: S,
    ) -> Self {
        let handshake = server::Builder::new()
            .enable_connect_protocol()
            .max_concurrent_streams(STREAMS)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(u32::try_from(max_header_bytes).unwrap_or(u32::MAX))
            .max_send_buffer_size(SEND_BUFFER)
            .max_local_error_reset_streams(Some(SPOILT))
            .max_pending_accept_reset_streams(RESET_EARLY)
            .handshake(stream);
        Self {
            stage: Stage::Greeting(handshake),
            service: Rc::new(service),
            activity: Arc::clone(activity),
            finish: false,
        }
    }
}

impl<S, F, B> Future for Http2<S>
where
    S: Fn(Request<Body>, Stream) -> F + 'static,
    F: Future<Output = Result<Response<B>, Aborted>> + 'static,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    type Output = Result<(), h2::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { stage, service, activity, finish } = self.get_mut();
        loop {
            match stage {
                Stage::Greeting(handshake) => {
                    let mut connection = ready!(Pin::new(handshake).poll(cx))?;
                    if *finish {
                        connection.graceful_shutdown();
                    }
                    *stage = Stage::Serving(connection);
                }
                Stage::Serving(connection) => match ready!(connection.poll_accept(cx)).transpose()? {
                    Some((request, respond)) => {
                        let service = Rc::clone(service);
                        let responder = Arc::new(Responder::new(respond, activity));
                        tokio::task::spawn_local(answer(request, responder, service));
                    }
                    None => return Poll::Ready(Ok(())),
                },
            }
        }
    }
}

impl<S> Engine for Http2<S>
where
    Self: Future<Output = Result<(), h2::Error>>,
{
    type Error = h2::Error;

    const MULTIPLEXED: bool = true;

    fn finish(self: Pin<&mut Self>) {
        let this = self.get_mut();
        match &mut this.stage {
            Stage::Greeting(_) => this.finish = true,
            Stage::Serving(connection) => connection.graceful_shutdown(),
        }
    }
}

/// Answers the request on one stream. A client that leaves has nothing more done for it.
async fn answer<S, F, B>(request: Request<RecvStream>, responder: Arc<Responder>, service: Rc<S>)
where
    S: Fn(Request<Body>, Stream) -> F,
    F: Future<Output = Result<Response<B>, Aborted>>,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let to_head = request.method() == Method::HEAD;
    let (request, connect, handover) = open(request);
    let stream = Stream { interim: InterimTarget::Stream(Arc::clone(&responder) as _), connect };
    let answered = {
        let mut answering = pin!(service(request, stream));
        poll_fn(|cx| match answering.as_mut().poll(cx) {
            Poll::Ready(answered) => Poll::Ready(Some(answered)),
            Poll::Pending => responder.poll_gone(cx).map(|()| None),
        })
        .await
    };
    drop(service);
    let Some(mut respond) = responder.take() else { return };
    let response = match answered {
        Some(Ok(response)) if !response.status().is_informational() => response,
        Some(_) => return respond.send_reset(Reason::INTERNAL_ERROR),
        None => return,
    };
    let sent = match handover.filter(|handover| response.status().is_success() && handover.is_wanted()) {
        Some(handover) => handover.give(&mut respond, response, Busy::begin(&responder.activity)),
        None => match reply::begin(&mut respond, response, to_head) {
            Ok(Some(sending)) => sending.await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        },
    };
    // Whoever has left is told nothing by this.
    if sent.is_err() {
        respond.send_reset(Reason::INTERNAL_ERROR);
    }
}

/// Gives a request its body; that of an extended CONNECT is a stream to be taken over.
fn open(request: Request<RecvStream>) -> (Request<Body>, Option<Connect>, Option<Handover>) {
    let (mut parts, incoming) = request.into_parts();
    join_cookies(&mut parts.headers);
    let Some(protocol) = parts.extensions.remove::<Protocol>() else {
        let received = Received::of_request(incoming, &parts.headers);
        return (Request::from_parts(parts, Body::Received(received)), None, None);
    };
    let (sender, stream) = oneshot::channel();
    let connect = Connect { protocol: protocol.as_str().into(), stream: Wanted::Bytes(stream) };
    (Request::from_parts(parts, Body::Empty), Some(connect), Some(Handover { sender, incoming }))
}

/// Clients may send one field for each cookie; elsewhere all are in one (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(header::COOKIE).iter();
    if crumbs.by_ref().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(cookies) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, cookies);
    }
}

/// Gives a stream to whoever takes it over.
struct Handover {
    sender: oneshot::Sender<Leg>,
    incoming: RecvStream,
}

impl Handover {
    fn is_wanted(&self) -> bool {
        !self.sender.is_closed()
    }

    fn give<B>(
        self,
        respond: &mut SendResponse<Bytes>,
        response: Response<B>,
        busy: Busy,
    ) -> Result<(), Unsent> {
        let (mut head, _) = response.into_parts();
        outgoing::prepare(&mut head.headers);
        head.headers.remove(header::CONTENT_LENGTH);
        let stream = respond.send_response(Response::from_parts(head, ()), false)?;
        let stream = Tunnelled::new(stream, self.incoming, Some(busy));
        // If it is not wanted any more, it is dropped here and with that reset.
        drop(self.sender.send(Leg::Other(Box::new(stream))));
        Ok(())
    }
}

/// What a request is answered with, until its final response: shared by the task that answers and whoever has interim
/// responses to send.
struct Responder {
    activity: Arc<Activity>,
    open: Mutex<Option<Open>>,
}

struct Open {
    respond: SendResponse<Bytes>,
    /// Bytes of interim responses that came since the client has stopped to read.
    waiting: usize,
}

impl Responder {
    fn new(respond: SendResponse<Bytes>, activity: &Arc<Activity>) -> Self {
        Self { activity: Arc::clone(activity), open: Mutex::new(Some(Open { respond, waiting: 0 })) }
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when the client has reset the stream, or its connection is gone.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self.open() {
            Some(open) => open.respond.poll_reset(cx).map(drop),
            None => Poll::Pending,
        }
    }

    /// Takes the right to answer; interim responses have none from here on.
    fn take(&self) -> Option<SendResponse<Bytes>> {
        self.open().take().map(|open| open.respond)
    }
}

impl InterimStream for Responder {
    fn send(&self, status: StatusCode, headers: &HeaderMap, waker: &Waker) {
        let mut open = self.open();
        let Some(Open { respond, waiting }) = &mut *open else { return };
        // The library would send it after the reset of a client that has left.
        if respond.poll_reset(&mut Context::from_waker(waker)).is_ready() {
            return;
        }
        *waiting = if self.activity.is_blocked() { *waiting } else { 0 };
        if *waiting > MAX_WAITING {
            return;
        }
        *waiting += headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + 32;
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = headers.clone();
        outgoing::strip(response.headers_mut());
        let sent = respond.send_informational(response);
        debug_assert!(
            sent.is_ok(),
            "only a status that is not interim, and fields that were taken off, are refused"
        );
    }
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Responder").finish_non_exhaustive()
    }
}
