//! One end of a WebTransport session: what is said on the stream of its CONNECT request, and the streams and datagrams that
//! are sent in it.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use caddis_h3::{
    self as protocol, Code, Dialect, Direction, SessionId,
    capsule::Capsule,
    datagram, frame, stream, uni,
    webtransport::{self, Event},
};
use quinn::ConnectionError;
use tokio::sync::Notify;

use super::{Inbound, Link, OpenStream, Outbound, Reading, ReadingError, Ticket};

/// What those who send in a session share.
pub(crate) struct Session {
    link: Rc<Link>,
    id: SessionId,
    core: RefCell<webtransport::Session>,
    /// What waits to be sent on the CONNECT stream, and who sends it.
    unsent: RefCell<BytesMut>,
    sender: RefCell<Option<Waker>>,
    /// Told when the peer permits more.
    raised: Notify,
    /// The limits that the peer was told of in vain: of bidirectional streams, of unidirectional ones, and of bytes.
    complained: [Cell<Option<u64>>; 3],
    /// Whether the peer counts what is sent in the session.
    counts: bool,
    /// What the peer has done wrong on a stream of the session.
    violated: Cell<Option<protocol::Error>>,
}

impl Session {
    fn flow<T>(&self, ask: impl FnOnce(&mut webtransport::flow::Flow) -> T) -> Option<T> {
        self.core.borrow_mut().flow().map(ask)
    }

    /// Sends a capsule on the CONNECT stream.
    pub(crate) fn say(&self, capsule: &Capsule) {
        let mut content = Vec::new();
        capsule.write(&mut content);
        let mut unsent = self.unsent.borrow_mut();
        frame::data(content.len() as u64, &mut *unsent);
        unsent.put_slice(&content);
        self.wake();
    }

    fn wake(&self) {
        if let Some(sender) = self.sender.borrow_mut().take() {
            sender.wake();
        }
    }

    /// Tells the peer once that its limit is in the way.
    fn complain(&self, about: Capsule) {
        let (place, limit) = match about {
            Capsule::StreamsBlocked(Direction::Bidirectional, limit) => (0, limit),
            Capsule::StreamsBlocked(Direction::Unidirectional, limit) => (1, limit),
            Capsule::DataBlocked(limit) => (2, limit),
            _ => return,
        };
        if self.complained[place].replace(Some(limit)) != Some(limit) {
            self.say(&about);
        }
    }

    /// Opens a stream, once the limits of the session and of QUIC permit one more. Both halves, if both ends are to send.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) async fn open(
        &self,
        direction: Direction,
    ) -> Result<(Outbound, Option<Inbound>), ConnectionError> {
        while let Some(Err(blocked)) = self.flow(|flow| flow.open(direction)) {
            let raised = self.raised.notified();
            self.complain(blocked);
            raised.await;
        }
        let open = || OpenStream::new(&self.link.open);
        let mut header = BytesMut::new();
        let (send, receive) = match direction {
            Direction::Bidirectional => {
                webtransport::write_header(self.id, &mut header);
                let (send, receive) = self.link.quic.open_bi().await?;
                (send, Some(Inbound::new(receive, Code::WT_SESSION_GONE, open())))
            }
            Direction::Unidirectional => {
                uni::write_webtransport(self.id, &mut header);
                (self.link.quic.open_uni().await?, None)
            }
        };
        let mut outbound = Outbound::new(send, open(), None, Code::WT_SESSION_GONE);
        // That the peer has stopped the stream already is met by whoever writes to it.
        drop(outbound.write(&mut [header.freeze()]).await);
        Ok((outbound, receive))
    }

    /// How many bytes the session may send on its streams now.
    pub(crate) fn sendable(&self) -> usize {
        let left = self.flow(|flow| flow.sendable()).unwrap_or(u64::MAX);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Notes that bytes were sent on a stream.
    pub(crate) fn sent(&self, bytes: usize) {
        self.flow(|flow| flow.sent(bytes as u64));
    }

    /// Waits until the peer permits something more.
    pub(crate) async fn raised(&self) {
        let raised = self.raised.notified();
        if let Some(blocked) = self.flow(|flow| flow.blocked()) {
            self.complain(blocked);
        }
        raised.await;
    }

    /// Notes that the peer has opened a stream. Whether it may.
    pub(crate) fn peer_opened(&self, direction: Direction) -> bool {
        self.permitted(self.flow(|flow| flow.peer_opened(direction)))
    }

    /// Notes that bytes have come on a stream. Whether they may.
    pub(crate) fn received(&self, bytes: usize) -> bool {
        self.permitted(self.flow(|flow| flow.received(bytes as u64)))
    }

    fn permitted(&self, verdict: Option<Result<(), protocol::Error>>) -> bool {
        let Some(Err(error)) = verdict.filter(|_| self.counts) else { return true };
        self.violated.set(Some(error));
        self.wake();
        false
    }

    /// Notes that bytes which came were passed on.
    pub(crate) fn consumed(&self, bytes: usize) {
        self.renew(self.flow(|flow| flow.consumed(bytes as u64)));
    }

    /// Notes that a stream of the peer is done with, both ways.
    pub(crate) fn peer_closed(&self, direction: Direction) {
        self.renew(self.flow(|flow| flow.peer_closed(direction)));
    }

    fn renew(&self, limit: Option<Option<Capsule>>) {
        if let Some(Some(limit)) = limit {
            self.say(&limit);
        }
    }

    /// Sends a datagram. Whether it is on its way: it is not if there is no room for it, or it is too large for the way.
    pub(crate) fn send_datagram(&self, payload: &[u8]) -> bool {
        // The longest head has eight bytes.
        let mut out = BytesMut::with_capacity(payload.len() + 8);
        datagram::write(self.id.stream(), &mut out);
        out.put_slice(payload);
        let quic = &self.link.quic;
        quic.datagram_send_buffer_space() >= out.len() && quic.send_datagram(out.freeze()).is_ok()
    }

    /// Asks the peer once to bring the session to its end.
    pub(crate) fn drain(&self) {
        let news = self.core.borrow_mut().drain();
        if news {
            self.say(&Capsule::DrainSession);
        }
    }
}

/// What has come on the CONNECT stream.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The peer has closed the session; with code 0 and no reason if it has just ended the stream.
    Closed(u32, String),
    /// The peer wants the session to come to its end.
    Drain,
    Datagram(Bytes),
    /// A capsule that is passed on.
    Unknown(Capsule),
    /// The session has broken off: what the peer did wrong, or that it is gone.
    Lost(io::Error),
}

impl fmt::Debug for SessionLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionLeg").field(&self.session.id).finish()
    }
}

/// One end of a session: the side of the client, or that of the upstream. Dropped, it breaks off.
pub(crate) struct SessionLeg {
    session: Rc<Session>,
    /// Until the session is over.
    ticket: Option<Ticket>,
    reading: Reading,
    /// What has come and was not looked at yet.
    input: Bytes,
    outbound: Outbound,
    /// Whether nothing more is to be said.
    finishing: bool,
    /// Done when the peer has all that was said. Present once that is all there is.
    arrived: Option<Pin<Box<dyn Future<Output = ()>>>>,
    /// Whether what the peer says is of no interest any more: this end has closed the session.
    deaf: bool,
    /// What is to live as long as the session.
    _held: Box<dyn Any>,
}

impl SessionLeg {
    /// A session that both ends have agreed to, on the stream of its CONNECT request. `held` lives as long as it does.
    pub(crate) fn new(
        ticket: Ticket,
        dialect: Dialect,
        (reading, outbound): (Reading, Outbound),
        held: Box<dyn Any>,
    ) -> Self {
        let link = Rc::clone(ticket.link());
        let (core, counts) = {
            let core = link.core.borrow();
            let peer = core.peer().cloned().unwrap_or_default();
            (webtransport::Session::new(dialect, core.local(), &peer), peer.counts_in_sessions())
        };
        let session = Session {
            id: ticket.id(),
            link,
            core: RefCell::new(core),
            unsent: RefCell::default(),
            sender: RefCell::default(),
            raised: Notify::new(),
            complained: Default::default(),
            counts,
            violated: Cell::default(),
        };
        let (session, input) = (Rc::new(session), Bytes::new());
        Self {
            session,
            ticket: Some(ticket),
            reading,
            input,
            outbound,
            finishing: false,
            arrived: None,
            deaf: false,
            _held: held,
        }
    }

    pub(crate) fn session(&self) -> &Rc<Session> {
        &self.session
    }

    /// The session's entry at its connection, until it is over.
    pub(crate) fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()
    }

    /// What comes next on the CONNECT stream; `None` once nothing more comes.
    pub(crate) fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Option<Heard>> {
        if let Some(error) = self.session.violated.take() {
            return Poll::Ready(Some(self.violated(error)));
        }
        loop {
            if self.deaf {
                self.input.clear();
            }
            let event = self.session.core.borrow_mut().read(&mut self.input);
            match event {
                Ok(Some(Event::Closed { code, reason })) => {
                    return Poll::Ready(Some(Heard::Closed(code, reason)));
                }
                Ok(Some(Event::Drain)) => return Poll::Ready(Some(Heard::Drain)),
                Ok(Some(Event::Datagram(payload))) => return Poll::Ready(Some(Heard::Datagram(payload))),
                Ok(Some(Event::Unknown(capsule))) => return Poll::Ready(Some(Heard::Unknown(capsule))),
                Ok(Some(Event::MaxData | Event::MaxStreams(_))) => {
                    self.session.raised.notify_waiters();
                    continue;
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(self.violated(error))),
            }
            if self.reading.has_ended() {
                return Poll::Ready(None);
            }
            match ready!(self.reading.poll_next(cx)) {
                Ok(Some(stream::Event::Data(data))) => self.input = data,
                // Nothing else comes after CONNECT.
                Ok(Some(_)) => {}
                Ok(None) => {
                    let ended = self.session.core.borrow_mut().end();
                    match ended {
                        Ok(Some(Event::Closed { code, reason })) => {
                            return Poll::Ready(Some(Heard::Closed(code, reason)));
                        }
                        Ok(_) => return Poll::Ready(None),
                        Err(error) => return Poll::Ready(Some(self.violated(error))),
                    }
                }
                Err(error) => return Poll::Ready(Some(Heard::Lost(broken(error)))),
            }
        }
    }

    /// Gives the CONNECT stream up for what the peer did wrong.
    fn violated(&mut self, error: protocol::Error) -> Heard {
        self.reading.stop(error.code);
        self.outbound.reset(error.code);
        Heard::Lost(io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Sends what waits for that. Ready when the peer has all of it, the end of the stream included.
    pub(crate) fn poll_say(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut sender = self.session.sender.borrow_mut();
        if !sender.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *sender = Some(cx.waker().clone());
        }
        let mut unsent = self.session.unsent.borrow_mut();
        while !unsent.is_empty() {
            match ready!(self.outbound.poll_write(cx, &unsent)) {
                Ok(count) => unsent.advance(count),
                // That the peer has gone is found by who listens to it.
                Err(_) => unsent.clear(),
            }
        }
        // Gives the memory back: an idle session holds none.
        *unsent = BytesMut::new();
        if !self.finishing {
            return Poll::Pending;
        }
        let outbound = &mut self.outbound;
        let arrived = self.arrived.get_or_insert_with(|| {
            outbound.finish();
            let arrived = outbound.done();
            // A peer that has gone, or listens no more, needs nothing.
            Box::pin(async move { drop(arrived.await) })
        });
        arrived.as_mut().poll(cx)
    }

    /// Ends the session at this end: with a capsule, unless the peer has closed it. The end of the stream follows.
    pub(crate) fn close(&mut self, code: u32, reason: String) {
        let open = self.session.core.borrow_mut().close();
        if open {
            self.session.say(&Capsule::CloseSession { code, reason });
            self.deaf = true;
        }
        self.finishing = true;
        self.ticket = None;
    }

    /// Breaks the session off, because the other side of it has broken off.
    pub(crate) fn abandon(&mut self) {
        self.session.core.borrow_mut().close();
        self.outbound.reset(Code::H3_CONNECT_ERROR);
        self.reading.stop(Code::H3_CONNECT_ERROR);
        self.ticket = None;
    }
}

fn broken(error: ReadingError) -> io::Error {
    let kind = match &error {
        ReadingError::Lost(quinn::ReadError::Reset(_)) => io::ErrorKind::ConnectionReset,
        ReadingError::Lost(_) => io::ErrorKind::NotConnected,
        ReadingError::Protocol(_) => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}
