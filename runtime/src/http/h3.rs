//! A connection of HTTP/3 at either end: QUIC is quinn's, the protocol is the crate `h3`.

mod grants;
mod inbound;
mod outbound;
mod reading;
mod received;
mod sending;
mod session;
mod sessions;
mod shares;
mod tunnelled;

use std::{
    cell::RefCell,
    future::pending,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    self as protocol, Code, Direction, Role, Settings, StreamId, connection, connection::Accept,
    control::Control, stream::Incoming, uni::Uni,
};
use http::Method;
use quinn::{ReadError, RecvStream, SendStream, VarInt};
use tokio::sync::Notify;

pub(crate) use self::{
    grants::FIRST,
    inbound::Inbound,
    outbound::{Outbound, SendError},
    reading::{Failed, Reading, ReadingError},
    received::Received,
    sending::{Unsent, send_body},
    session::{Heard, Session, SessionLeg},
    sessions::{Arrived, Quota, Receives, Ticket, webtransport},
    shares::Taken,
    tunnelled::Tunnelled,
};
use self::{grants::Opened, sessions::Sessions};
use crate::tls::quic::Granted;

/// How much is read of a stream at once, in bytes.
const CHUNK: usize = 64 << 10;
/// How long to wait at least for requests that were sent before the peer knew that there must be no more.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// The peer has violated the protocol.
    #[error(transparent)]
    Protocol(#[from] protocol::Error),
    /// The connection is gone.
    #[error(transparent)]
    Lost(#[from] quinn::ConnectionError),
}

/// Why no request can be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoStream {
    #[error(transparent)]
    Lost(#[from] quinn::ConnectionError),
    /// The peer has said so.
    #[error("the peer takes no further requests on the connection")]
    GoingAway,
}

/// A connection whose handshake is over.
pub(crate) struct Link {
    quic: quinn::Connection,
    role: Role,
    core: RefCell<protocol::Connection>,
    open: Arc<Open>,
    finish: Notify,
    /// Told when the peer's settings have come.
    settled: Notify,
    /// Present if this end offers WebTransport.
    sessions: Option<Sessions>,
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

impl Link {
    /// `settings` are what this end says about itself. The most that the fields of a message may take is among them.
    pub(crate) fn new(quic: quinn::Connection, role: Role, settings: Settings) -> Rc<Self> {
        let mut costs = connection::Limits::default();
        costs.stream.field_section = settings.max_field_section_size.unwrap_or(u64::MAX);
        Rc::new(Self {
            sessions: Sessions::offered(&settings, (role == Role::Client).then(|| Granted::on(&quic))),
            quic,
            role,
            core: RefCell::new(protocol::Connection::new(role, settings, costs)),
            open: Arc::default(),
            finish: Notify::new(),
            settled: Notify::new(),
        })
    }

    /// What the protocol knows of the connection.
    pub(crate) fn core(&self) -> &RefCell<protocol::Connection> {
        &self.core
    }

    /// The connection below.
    pub(crate) fn quic(&self) -> &quinn::Connection {
        &self.quic
    }

    /// Whether no further request may be sent.
    pub(crate) fn is_closed(&self) -> bool {
        self.quic.close_reason().is_some() || !self.core.borrow().may_request()
    }

    /// The peer's settings, once they have come. Waits in vain if the connection ends before.
    pub(crate) async fn settled(&self) -> Settings {
        loop {
            let settled = self.settled.notified();
            if let Some(settings) = self.core.borrow().peer() {
                return settings.clone();
            }
            settled.await;
        }
    }

    /// Takes nothing new, and ends [`Link::run`] when the last stream is done.
    pub(crate) fn finish(&self) {
        self.finish.notify_one();
    }

    /// Says and hears what concerns the connection, and has `take` look after the bidirectional streams that the peer opens.
    /// Ends when the connection is lost, or has nothing left to do after [`Link::finish`].
    pub(crate) async fn run(
        self: Rc<Self>,
        take: impl Fn(SendStream, RecvStream) -> Result<(), protocol::Error>,
    ) -> Result<(), Ended> {
        let quic = self.quic.clone();
        let mut control = quic.open_uni().await?;
        let mut said = BytesMut::new();
        self.core.borrow().open(fastrand::u64(..), &mut said);
        self.read_datagrams();
        let mut closed = pin!(control.stopped());
        let mut stage = Stage::Serving;
        loop {
            // Whoever does not read what is said here stops it, or loses its connection.
            if !said.is_empty() && control.write_all(&said.split().freeze()).await.is_err() {
                let stopped = self.core.borrow().closed_uni(Uni::Control);
                return self.fatal(stopped);
            }
            if matches!(stage, Stage::Draining) && self.open.count.load(Relaxed) == 0 {
                return Ok(());
            }
            tokio::select! {
                opened = quic.accept_bi() => {
                    let (send, receive) = opened?;
                    self.fatal(take(send, receive))?;
                }
                opened = quic.accept_uni() => {
                    let (stream, link) = (opened?, Rc::clone(&self));
                    let opened = link.opened(Direction::Unidirectional);
                    tokio::task::spawn_local(async move {
                        let read = link.unidirectional(stream, opened).await;
                        // The connection is closed with the error, of which its own task hears.
                        drop(link.fatal(read));
                    });
                }
                _ = &mut closed => {
                    let stopped = self.core.borrow().closed_uni(Uni::Control);
                    return self.fatal(stopped);
                }
                () = self.finish.notified(), if matches!(stage, Stage::Serving) => {
                    self.core.borrow_mut().goaway_soon(&mut said);
                    let grace = quic.rtt().max(ROUND_TRIP) * 2;
                    stage = Stage::Warned(Box::pin(tokio::time::sleep(grace)));
                }
                () = stage.warned() => {
                    self.core.borrow_mut().goaway(&mut said);
                    stage = Stage::Draining;
                }
                () = self.open.none.notified() => {}
            }
        }
    }

    /// Both halves of a request's stream that the client has opened; `None` if it was refused.
    ///
    /// # Errors
    /// When the client must not open it.
    pub(crate) fn accept(
        self: &Rc<Self>,
        send: SendStream,
        receive: RecvStream,
        patience: Option<Duration>,
    ) -> Result<Option<(Reading, Outbound)>, protocol::Error> {
        let id = StreamId::new(VarInt::from(receive.id()).into_inner());
        let mut outbound = self.outbound(send, patience);
        let mut core = self.core.borrow_mut();
        let mut reading = self.reading(receive, core.incoming_request());
        match core.accept_bidi(id)? {
            Accept::Read => Ok(Some((reading, outbound))),
            // It may be a stream of a session that goes on.
            Accept::Refuse(code) if self.sessions.is_some() => {
                self.accept_late(reading, outbound, code);
                Ok(None)
            }
            Accept::Refuse(code) => {
                reading.stop(code);
                outbound.reset(code);
                Ok(None)
            }
        }
    }

    /// Opens the stream of a request with this method, once the peer permits one more.
    ///
    /// # Errors
    /// When the connection is gone, or takes no further requests.
    pub(crate) async fn request(&self, method: Method) -> Result<(Reading, Outbound), NoStream> {
        let (send, receive) = self.quic.open_bi().await?;
        let core = self.core.borrow();
        if !core.may_request() {
            return Err(NoStream::GoingAway);
        }
        Ok((self.reading(receive, core.incoming_response(method)), self.outbound(send, None)))
    }

    fn reading(&self, stream: RecvStream, incoming: Incoming) -> Reading {
        // A server that needs nothing more of a request has no complaint (RFC 9114, section 4.1).
        let unwanted = match self.role {
            Role::Server => Code::H3_NO_ERROR,
            Role::Client => Code::H3_REQUEST_CANCELLED,
        };
        let inbound = Inbound::new(stream, unwanted, OpenStream::new(&self.open));
        Reading::new(inbound, incoming, self.quic.clone())
    }

    /// The sending half of a stream. `patience` is how long a write may make no progress.
    pub(crate) fn outbound(&self, stream: SendStream, patience: Option<Duration>) -> Outbound {
        let broken_off = match self.role {
            Role::Server => Code::H3_INTERNAL_ERROR,
            Role::Client => Code::H3_REQUEST_CANCELLED,
        };
        Outbound::new(stream, OpenStream::new(&self.open), patience, broken_off)
    }

    /// Reads a stream on which only the peer sends.
    async fn unidirectional(
        self: &Rc<Self>,
        mut stream: RecvStream,
        opened: Option<Opened>,
    ) -> Result<(), protocol::Error> {
        let mut header = self.core.borrow().uni_header();
        let mut input = Bytes::new();
        let uni = loop {
            if let Some(uni) = header.next(&mut input)? {
                break uni;
            }
            match stream.read_chunk(CHUNK, true).await {
                Ok(Some(chunk)) => input = chunk.bytes,
                Ok(None) | Err(ReadError::Reset(_)) => return self.core.borrow_mut().nameless_uni(),
                Err(_) => return Ok(()),
            }
        };
        let accepted = self.core.borrow_mut().accept_uni(uni)?;
        if let Accept::Refuse(code) = accepted {
            // One that has ended needs no stop.
            drop(stream.stop(number(code)));
            return Ok(());
        }
        if let Uni::WebTransport(session) = uni {
            let inbound = Inbound::new(stream, Code::WT_SESSION_GONE, OpenStream::new(&self.open));
            self.arrived(session, Arrived { inbound, ahead: input, outbound: None, opened });
            return Ok(());
        }
        loop {
            match uni {
                Uni::Control => self.control(&mut input)?,
                Uni::QpackEncoder => self.core.borrow_mut().qpack_encoder(&input)?,
                Uni::QpackDecoder => self.core.borrow_mut().qpack_decoder(&input)?,
                // None of these is ever accepted, or comes here.
                Uni::Push(_) | Uni::WebTransport(_) | Uni::Unknown(_) => return Ok(()),
            }
            match stream.read_chunk(CHUNK, true).await {
                Ok(Some(chunk)) => input = chunk.bytes,
                Ok(None) | Err(ReadError::Reset(_)) => return self.core.borrow().closed_uni(uni),
                Err(_) => return Ok(()),
            }
        }
    }

    fn control(&self, input: &mut Bytes) -> Result<(), protocol::Error> {
        loop {
            let said = self.core.borrow_mut().control(input)?;
            match said {
                Some(Control::Settings(_)) => self.settled.notify_waiters(),
                Some(Control::Goaway(_)) => self.drain_sessions(),
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    /// Closes the connection where something was wrong.
    pub(crate) fn fatal(&self, result: Result<(), protocol::Error>) -> Result<(), Ended> {
        Ok(result.inspect_err(|error| close(&self.quic, error.code, error.reason))?)
    }
}

/// How far a connection is with its end.
enum Stage {
    Serving,
    /// The peer was told to open nothing new. What it has opened before it heard of that is still taken.
    Warned(Pin<Box<tokio::time::Sleep>>),
    /// Nothing new is taken.
    Draining,
}

impl Stage {
    /// Ready when the peer must have heard the warning.
    async fn warned(&mut self) {
        match self {
            Stage::Warned(sleep) => sleep.await,
            Stage::Serving | Stage::Draining => pending().await,
        }
    }
}

/// Closes a connection.
pub(crate) fn close(quic: &quinn::Connection, code: Code, reason: &str) {
    quic.close(number(code), reason.as_bytes());
}

/// A code as QUIC has it.
fn number(code: Code) -> VarInt {
    VarInt::from_u64(code.value()).unwrap_or(VarInt::MAX)
}
