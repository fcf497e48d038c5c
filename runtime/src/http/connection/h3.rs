//! HTTP/3: QUIC is quinn's, the protocol is the crate `h3`, and each request is answered in a task of its own.

mod answer;
mod outbound;
mod reading;
mod received;
mod tunnelled;

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use caddis_h3::{self as protocol, Code, Role, Settings, StreamId, connection, connection::Accept, uni::Uni};
use http::{Request, Response};
use quinn::{ReadError, RecvStream, SendStream, VarInt};
use tokio::sync::Notify;

use self::{answer::answer, outbound::Outbound, reading::Reading};
use super::{Activity, Busy, Engine, Limits, Service, unless_finished};
use crate::{
    http::{
        Body,
        body::BodyError,
        exchange::{Connection, TlsInfo},
        server::{Aborted, Stream},
    },
    listen::{Attempt, Control, Current, canonical},
    logging::Logger,
    tls::quic as tls,
};

/// How much is read of a stream at once, in bytes.
const CHUNK: usize = 64 << 10;
/// How long to wait at least for requests that were sent before the client knew that there must be no more.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Serves a client that wants to connect, until its connection ends.
pub(crate) async fn serve(attempt: Attempt, current: &Rc<Current>, control: &Control, logger: &Logger) {
    let remote = canonical(attempt.incoming.remote_address());
    let served: Result<(), Box<dyn std::error::Error>> = connect(attempt, current, control).await;
    if let Err(error) = served {
        logger.debug("connection ended with an error", |fields| {
            fields.add("remote", remote.to_string()).error(&*error);
        });
    }
}

async fn connect(
    attempt: Attempt,
    current: &Rc<Current>,
    control: &Control,
) -> Result<(), Box<dyn std::error::Error>> {
    let Attempt { incoming, half_open } = attempt;
    let (limits, head, config) = {
        let endpoint = current.endpoint();
        let Some(endpoint) = &*endpoint else { return Ok(()) };
        let Some(tls) = &endpoint.tls else { return Ok(()) };
        let remote = incoming.remote_address().ip().to_canonical();
        let local = incoming.local_ip().map(|local| local.to_canonical());
        let config = tls::server_config(tls, &endpoint.transport, (Some(remote), local));
        (endpoint.limits, endpoint.max_header_bytes, config)
    };
    let local = current.listener().local.map(|bound| match incoming.local_ip() {
        Some(ip) if bound.ip().is_unspecified() => canonical((ip, bound.port()).into()),
        _ => canonical(bound),
    });
    let connecting = incoming.accept_with(config)?;
    let connecting = tokio::time::timeout(limits.handshake(), connecting);
    let Some(Ok(connected)) = unless_finished(connecting, control).await else { return Ok(()) };
    let quic = connected?;
    drop(half_open);
    let info = quic.handshake_data().and_then(|info| info.downcast::<TlsInfo>().ok());
    let connection = Connection::new(Some(canonical(quic.remote_address())), local, info.map(|info| *info));
    let activity = Arc::new(Activity::new(true));
    let service =
        Service { activity: Arc::clone(&activity), current: Rc::clone(current), write: limits.write };
    let connection = RefCell::new(Arc::new(connection));
    let peer = quic.clone();
    let service = move |request, stream| {
        let mut connection = connection.borrow_mut();
        let remote = canonical(peer.remote_address());
        // The client may have moved.
        if connection.remote != Some(remote) {
            *connection = Arc::new(Connection::new(Some(remote), connection.local, connection.tls.clone()));
        }
        service.answer(request, Some(stream), Arc::clone(&connection))
    };
    let engine = Http3::new(quic.clone(), &activity, limits, head, service);
    let driven = super::drive(engine, &activity, &limits, control).await;
    close(&quic, Code::H3_NO_ERROR, "");
    Ok(driven?)
}

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    /// The client has violated the protocol.
    #[error(transparent)]
    Protocol(#[from] protocol::Error),
    /// The connection is gone.
    #[error(transparent)]
    Lost(#[from] quinn::ConnectionError),
}

/// A connection.
pub(super) struct Http3 {
    engine: Pin<Box<dyn Future<Output = Result<(), Ended>>>>,
    shared: Rc<Shared>,
}

/// What the tasks of a connection have in common.
struct Shared {
    quic: quinn::Connection,
    core: RefCell<protocol::Connection>,
    activity: Arc<Activity>,
    limits: Limits,
    open: Arc<Open>,
    finish: Notify,
}

/// The streams that are not done yet. Those of tunnels may be anywhere.
#[derive(Debug, Default)]
struct Open {
    count: AtomicUsize,
    none: Notify,
}

/// A stream counts as open while one of these lives.
#[derive(Debug)]
struct OpenStream(Arc<Open>);

impl OpenStream {
    fn new(open: &Arc<Open>) -> Self {
        open.count.fetch_add(1, Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Relaxed) == 1 {
            self.0.none.notify_one();
        }
    }
}

impl Http3 {
    /// A connection whose handshake is over. `max_header_bytes` is the most that the fields of a request may take; more are
    /// answered with 431.
    fn new<S, F, B>(
        quic: quinn::Connection,
        activity: &Arc<Activity>,
        limits: Limits,
        max_header_bytes: usize,
        service: S,
    ) -> Self
    where
        S: Fn(Request<Body>, Stream) -> F + 'static,
        F: Future<Output = Result<Response<B>, Aborted>> + 'static,
        B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
    {
        let field_section = max_header_bytes as u64;
        let settings = Settings {
            max_field_section_size: Some(field_section),
            enable_connect_protocol: true,
            ..Settings::default()
        };
        let mut costs = connection::Limits::default();
        costs.stream.field_section = field_section;
        let shared = Rc::new(Shared {
            core: RefCell::new(protocol::Connection::new(Role::Server, settings, costs)),
            quic,
            activity: Arc::clone(activity),
            limits,
            open: Arc::default(),
            finish: Notify::new(),
        });
        Self { engine: Box::pin(run(Rc::clone(&shared), Rc::new(service))), shared }
    }
}

impl Future for Http3 {
    type Output = Result<(), Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.engine.as_mut().poll(cx)
    }
}

impl Engine for Http3 {
    type Error = Ended;

    const MULTIPLEXED: bool = true;

    fn finish(self: Pin<&mut Self>) {
        self.shared.finish.notify_one();
    }
}

/// Takes the client's streams until it is told to finish and the last is done.
async fn run<S, F, B>(shared: Rc<Shared>, service: Rc<S>) -> Result<(), Ended>
where
    S: Fn(Request<Body>, Stream) -> F + 'static,
    F: Future<Output = Result<Response<B>, Aborted>> + 'static,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    let quic = shared.quic.clone();
    let mut control = quic.open_uni().await?;
    let mut said = BytesMut::new();
    shared.core.borrow().open(fastrand::u64(..), &mut said);
    let mut closed = std::pin::pin!(control.stopped());
    let mut stage = Stage::Serving;
    loop {
        // Whoever does not read what is said here stops it, or loses its connection.
        if !said.is_empty() && control.write_all(&said.split().freeze()).await.is_err() {
            let stopped = shared.core.borrow().closed_uni(Uni::Control);
            return shared.fatal(stopped);
        }
        if matches!(stage, Stage::Draining) && shared.open.count.load(Relaxed) == 0 {
            return Ok(());
        }
        tokio::select! {
            opened = quic.accept_bi() => {
                let (send, receive) = opened?;
                take(&shared, send, receive, &service);
            }
            opened = quic.accept_uni() => {
                let (stream, shared) = (opened?, Rc::clone(&shared));
                tokio::task::spawn_local(async move {
                    let read = unidirectional(stream, &shared).await;
                    // The connection is closed with the error, of which its own task hears.
                    drop(shared.fatal(read));
                });
            }
            _ = &mut closed => {
                let stopped = shared.core.borrow().closed_uni(Uni::Control);
                return shared.fatal(stopped);
            }
            () = shared.finish.notified(), if matches!(stage, Stage::Serving) => {
                shared.core.borrow_mut().goaway_soon(&mut said);
                let grace = quic.rtt().max(ROUND_TRIP) * 2;
                stage = Stage::Warned(Box::pin(tokio::time::sleep(grace)));
            }
            () = stage.warned() => {
                shared.core.borrow_mut().goaway(&mut said);
                stage = Stage::Draining;
            }
            () = shared.open.none.notified() => {}
        }
    }
}

/// How far a connection is with its end.
enum Stage {
    Serving,
    /// The client was told to open nothing new. What it has opened before it heard of that is still taken.
    Warned(Pin<Box<tokio::time::Sleep>>),
    /// Nothing new is taken.
    Draining,
}

impl Stage {
    /// Ready when the client must have heard the warning.
    async fn warned(&mut self) {
        match self {
            Stage::Warned(sleep) => sleep.await,
            Stage::Serving | Stage::Draining => std::future::pending().await,
        }
    }
}

/// Takes a request.
fn take<S, F, B>(shared: &Rc<Shared>, send: SendStream, receive: RecvStream, service: &Rc<S>)
where
    S: Fn(Request<Body>, Stream) -> F + 'static,
    F: Future<Output = Result<Response<B>, Aborted>> + 'static,
    B: http_body::Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
{
    let id = StreamId::new(VarInt::from(receive.id()).into_inner());
    let open = OpenStream::new(&shared.open);
    let mut outbound = Outbound::new(send, open, shared.limits.write_idle);
    let mut core = shared.core.borrow_mut();
    let accepted = core.accept_bidi(id);
    let mut reading = Reading::new(receive, core.incoming_request(), shared.quic.clone());
    drop(core);
    match accepted {
        Ok(Accept::Read) => {
            let (shared, service) = (Rc::clone(shared), Rc::clone(service));
            tokio::task::spawn_local(answer(reading, outbound, shared, service));
        }
        Ok(Accept::Refuse(code)) => {
            reading.stop(code);
            outbound.reset(code);
        }
        Err(error) => close(&shared.quic, error.code, error.reason),
    }
}

/// Reads a stream on which only the client sends.
async fn unidirectional(mut stream: RecvStream, shared: &Shared) -> Result<(), protocol::Error> {
    let mut header = shared.core.borrow().uni_header();
    let mut input = Bytes::new();
    let uni = loop {
        if let Some(uni) = header.next(&mut input)? {
            break uni;
        }
        match stream.read_chunk(CHUNK, true).await {
            Ok(Some(chunk)) => input = chunk.bytes,
            Ok(None) | Err(ReadError::Reset(_)) => return shared.core.borrow_mut().nameless_uni(),
            Err(_) => return Ok(()),
        }
    };
    let accepted = shared.core.borrow_mut().accept_uni(uni)?;
    if let Accept::Refuse(code) = accepted {
        // One that has ended needs no stop.
        drop(stream.stop(number(code)));
        return Ok(());
    }
    loop {
        match uni {
            Uni::Control => while shared.core.borrow_mut().control(&mut input)?.is_some() {},
            Uni::QpackEncoder => shared.core.borrow_mut().qpack_encoder(&input)?,
            Uni::QpackDecoder => shared.core.borrow_mut().qpack_decoder(&input)?,
            // None is ever accepted.
            Uni::Push(_) | Uni::WebTransport(_) | Uni::Unknown(_) => return Ok(()),
        }
        match stream.read_chunk(CHUNK, true).await {
            Ok(Some(chunk)) => input = chunk.bytes,
            Ok(None) | Err(ReadError::Reset(_)) => return shared.core.borrow().closed_uni(uni),
            Err(_) => return Ok(()),
        }
    }
}

impl Shared {
    /// Closes the connection where something was wrong.
    fn fatal(&self, result: Result<(), protocol::Error>) -> Result<(), Ended> {
        Ok(result.inspect_err(|error| close(&self.quic, error.code, error.reason))?)
    }
}

fn close(quic: &quinn::Connection, code: Code, reason: &str) {
    quic.close(number(code), reason.as_bytes());
}

/// A code as QUIC has it.
fn number(code: Code) -> VarInt {
    VarInt::from_u64(code.value()).unwrap_or(VarInt::MAX)
}
