//! A connection of HTTP/3 at either end: QUIC is quinn's, the protocol is the crate `h3`.

mod outbound;
mod reading;
mod received;
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
use caddis_h3::{self as protocol, Code, Role, Settings, StreamId, connection, connection::Accept, uni::Uni};
use quinn::{ReadError, RecvStream, SendStream, VarInt};
use tokio::sync::Notify;

pub(crate) use self::{
    outbound::{Outbound, SendError},
    reading::{Failed, Reading, ReadingError},
    received::Received,
    tunnelled::Tunnelled,
};

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

/// A connection whose handshake is over.
pub(crate) struct Link {
    quic: quinn::Connection,
    core: RefCell<protocol::Connection>,
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

impl Link {
    /// `settings` are what this end says about itself. The most that the fields of a message may take is among them.
    pub(crate) fn new(quic: quinn::Connection, role: Role, settings: Settings) -> Rc<Self> {
        let mut costs = connection::Limits::default();
        costs.stream.field_section = settings.max_field_section_size.unwrap_or(u64::MAX);
        Rc::new(Self {
            quic,
            core: RefCell::new(protocol::Connection::new(role, settings, costs)),
            open: Arc::default(),
            finish: Notify::new(),
        })
    }

    /// What the protocol knows of the connection.
    pub(crate) fn core(&self) -> &RefCell<protocol::Connection> {
        &self.core
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
                    tokio::task::spawn_local(async move {
                        let read = link.unidirectional(stream).await;
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
        &self,
        send: SendStream,
        receive: RecvStream,
        patience: Option<Duration>,
    ) -> Result<Option<(Reading, Outbound)>, protocol::Error> {
        let id = StreamId::new(VarInt::from(receive.id()).into_inner());
        let mut outbound = self.outbound(send, patience);
        let mut core = self.core.borrow_mut();
        let mut reading = Reading::new(receive, core.incoming_request(), self.quic.clone());
        match core.accept_bidi(id)? {
            Accept::Read => Ok(Some((reading, outbound))),
            Accept::Refuse(code) => {
                reading.stop(code);
                outbound.reset(code);
                Ok(None)
            }
        }
    }

    /// The sending half of a stream. `patience` is how long a write may make no progress.
    pub(crate) fn outbound(&self, stream: SendStream, patience: Option<Duration>) -> Outbound {
        Outbound::new(stream, OpenStream::new(&self.open), patience)
    }

    /// Reads a stream on which only the peer sends.
    async fn unidirectional(&self, mut stream: RecvStream) -> Result<(), protocol::Error> {
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
        loop {
            match uni {
                Uni::Control => while self.core.borrow_mut().control(&mut input)?.is_some() {},
                Uni::QpackEncoder => self.core.borrow_mut().qpack_encoder(&input)?,
                Uni::QpackDecoder => self.core.borrow_mut().qpack_decoder(&input)?,
                // None is ever accepted.
                Uni::Push(_) | Uni::WebTransport(_) | Uni::Unknown(_) => return Ok(()),
            }
            match stream.read_chunk(CHUNK, true).await {
                Ok(Some(chunk)) => input = chunk.bytes,
                Ok(None) | Err(ReadError::Reset(_)) => return self.core.borrow().closed_uni(uni),
                Err(_) => return Ok(()),
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
