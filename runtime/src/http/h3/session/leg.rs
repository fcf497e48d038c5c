//! The stream of a session's CONNECT request, at one end: what is said of the session as a whole.

use std::{
    any::Any,
    fmt,
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use caddis_h3::{self as protocol, Code, Dialect, capsule::Capsule, stream, webtransport::Event};

use super::Session;
use crate::http::h3::{Outbound, Reading, ReadingError, Ticket};

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
        Self {
            session: Rc::new(Session::new(&ticket, dialect)),
            ticket: Some(ticket),
            reading,
            input: Bytes::new(),
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
