//! One end of a WebTransport session: the streams and datagrams that are sent in it, and its limits.

mod leg;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::Waker,
};

use bytes::{BufMut, BytesMut};
use caddis_h3::{
    self as protocol, Code, Dialect, Direction, SessionId, capsule::Capsule, datagram, frame, uni,
    webtransport,
};
use quinn::ConnectionError;
use tokio::sync::Notify;

pub(crate) use self::leg::{Heard, SessionLeg};
use super::{Inbound, Link, OpenStream, Outbound, Taken, Ticket, shares::Share};

/// What those who send in a session share.
pub(crate) struct Session {
    link: Rc<Link>,
    id: SessionId,
    /// At a client's end.
    share: Option<Rc<Share>>,
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
    /// One that both ends have agreed to.
    fn new(ticket: &Ticket, dialect: Dialect) -> Self {
        let link = Rc::clone(ticket.link());
        let (core, counts) = {
            let core = link.core.borrow();
            let peer = core.peer().cloned().unwrap_or_default();
            (webtransport::Session::new(dialect, core.local(), &peer), peer.counts_in_sessions())
        };
        Self {
            id: ticket.id(),
            share: ticket.share().cloned(),
            link,
            core: RefCell::new(core),
            unsent: RefCell::default(),
            sender: RefCell::default(),
            raised: Notify::new(),
            complained: Default::default(),
            counts,
            violated: Cell::default(),
        }
    }

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

    /// Opens a stream, once the limits of the session and of QUIC permit one more, and the other sessions have theirs. Both halves, if
    /// both ends are to send, and what is to live as long as they do.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) async fn open(
        &self,
        direction: Direction,
    ) -> Result<(Outbound, Option<Inbound>, Option<Taken>), ConnectionError> {
        while let Some(Err(blocked)) = self.flow(|flow| flow.open(direction)) {
            let raised = self.raised.notified();
            self.complain(blocked);
            raised.await;
        }
        let taken = match &self.share {
            Some(share) => Some(share.take(direction).await),
            None => None,
        };
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
        Ok((outbound, receive, taken))
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
