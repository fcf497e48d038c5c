//! The sessions of WebTransport on a connection: which stream and which datagram goes where.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
    time::Duration,
};

use bytes::Bytes;
use caddis_h3::{
    self as protocol, Code, Direction, SessionId, Settings, StreamId, datagram, settings,
    stream::Event,
    webtransport::{self, Limits, Route, StreamHeader},
};
use quinn::{RecvStream, SendStream, VarInt};
use tokio::sync::Notify;

use super::{
    Inbound, Link, OpenStream, Outbound, Reading,
    grants::{Grants, Opened},
    shares::{Share, Shares},
};
use crate::tls::quic::Granted;

/// Sessions at once on a connection: some of the requests that QUIC permits are left for their streams.
const SESSIONS: u64 = 64;
/// Streams and datagrams that wait for their session.
const WAITING: usize = 128;
/// Ended sessions that are remembered.
const GONE: usize = 256;
/// How long what has come ahead of its session waits at least. Twice of it is the most.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a peer may do in one session, if both ends have limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    /// Streams of each kind that it may open ahead of those that are done.
    pub(crate) streams: u64,
    /// Bytes that it may send ahead of those that were passed on.
    pub(crate) data: u64,
}

/// Adds what offers WebTransport to settings, in all dialects at once. A peer goes by those that it knows.
pub(crate) fn webtransport(settings: Settings, quota: Quota) -> Settings {
    let offered = settings::WebTransport {
        draft02_enabled: true,
        draft04_max_sessions: SESSIONS,
        draft07_max_sessions: SESSIONS,
        draft13_max_sessions: SESSIONS,
        draft15_enabled: true,
        initial_max_data: quota.data,
        initial_max_streams_uni: quota.streams,
        initial_max_streams_bidi: quota.streams,
    };
    Settings { datagrams: true, datagrams_draft04: true, webtransport: offered, ..settings }
}

/// A stream that the peer has opened in a session.
pub(crate) struct Arrived {
    pub(crate) inbound: Inbound,
    /// What was read of it with its header.
    pub(crate) ahead: Bytes,
    /// Present if both ends send on it.
    pub(crate) outbound: Option<Outbound>,
    /// Present if a server has opened it.
    pub(crate) opened: Option<Opened>,
}

impl Arrived {
    /// A bidirectional one, of which the header was read.
    pub(crate) fn new(reading: Reading, outbound: Outbound) -> Self {
        let (inbound, ahead) = reading.into_rest();
        let (inbound, outbound) = (inbound.of_session(), Some(outbound.of_session()));
        Self { inbound, ahead, outbound, opened: None }
    }

    fn refuse(mut self, code: Code) {
        self.inbound.stop(code);
        if let Some(outbound) = &mut self.outbound {
            outbound.reset(code);
        }
    }
}

/// Takes what comes for a session, at once.
pub(crate) trait Receives {
    fn stream(&self, stream: Arrived);

    fn datagram(&self, payload: Bytes);

    /// The peer wants the session to come to its end.
    fn drain(&self);
}

/// The sessions of a connection.
pub(super) struct Sessions {
    core: RefCell<webtransport::Sessions<Arrived>>,
    receivers: RefCell<BTreeMap<SessionId, Weak<dyn Receives>>>,
    /// Whether a task looks after what waits.
    sweeping: Cell<bool>,
    /// Told when nothing waits any more.
    emptied: Notify,
    /// At the client's end.
    client: Option<AtClient>,
}

/// What the sessions of a connection to an upstream share.
struct AtClient {
    grants: Rc<Grants>,
    shares: Rc<Shares>,
}

impl Sessions {
    /// Those of a connection with these settings; `None` if they do not offer any. `granted` is what the server permits to a client.
    pub(super) fn offered(settings: &Settings, granted: Option<Granted>) -> Option<Self> {
        let offered = settings.webtransport != settings::WebTransport::default();
        let limits = Limits {
            sessions: SESSIONS as usize,
            waiting_streams: WAITING,
            waiting_datagrams: WAITING,
            gone: GONE,
        };
        offered.then(|| Self {
            core: RefCell::new(webtransport::Sessions::new(limits)),
            receivers: RefCell::default(),
            sweeping: Cell::new(false),
            emptied: Notify::new(),
            client: granted.map(|granted| AtClient { grants: Grants::new(), shares: Shares::new(granted) }),
        })
    }

    fn count(&self) -> u64 {
        self.core.borrow().iter().count() as u64
    }

    fn check_emptied(&self) {
        if self.sweeping.get() && !self.core.borrow().has_waiting() {
            self.emptied.notify_one();
        }
    }

    fn receiver(&self, session: SessionId) -> Option<Rc<dyn Receives>> {
        self.receivers.borrow().get(&session)?.upgrade()
    }
}

/// A session that was asked for. Dropped, it is over: what still comes for it is refused.
pub(crate) struct Ticket {
    link: Rc<Link>,
    id: SessionId,
    /// What it has of the streams that a server permits.
    share: Option<Rc<Share>>,
}

impl Ticket {
    /// The session is accepted: all that comes for it goes to `receiver` from now on, beginning with what has waited.
    pub(crate) fn accept(&self, receiver: &Rc<dyn Receives>) {
        let Some(sessions) = &self.link.sessions else { return };
        sessions.receivers.borrow_mut().insert(self.id, Rc::downgrade(receiver));
        let (streams, datagrams) = sessions.core.borrow_mut().accept(self.id);
        sessions.check_emptied();
        streams.into_iter().for_each(|stream| receiver.stream(stream));
        datagrams.into_iter().for_each(|payload| receiver.datagram(payload));
    }

    pub(crate) fn link(&self) -> &Rc<Link> {
        &self.link
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    pub(super) fn share(&self) -> Option<&Rc<Share>> {
        self.share.as_ref()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(sessions) = &self.link.sessions else { return };
        sessions.receivers.borrow_mut().remove(&self.id);
        let waiting = sessions.core.borrow_mut().remove(self.id);
        sessions.check_emptied();
        waiting.into_iter().for_each(|stream| stream.refuse(Code::WT_SESSION_GONE));
    }
}

impl Link {
    /// Whether this end offers WebTransport.
    pub(crate) fn offers_sessions(&self) -> bool {
        self.sessions.is_some()
    }

    /// Whether one more session may be asked for.
    pub(crate) fn has_room_for_session(&self, most: u64) -> bool {
        let Some(sessions) = &self.sessions else { return false };
        let has_share = sessions.client.as_ref().is_none_or(|client| client.shares.has_room());
        has_share && sessions.count() < most.min(SESSIONS)
    }

    /// Permits the server what `sessions` of this quota may do; more than there are, if they have no limits of their own.
    pub(crate) fn permit(&self, at_least: u64, quota: Quota) {
        let Some((sessions, client)) =
            self.sessions.as_ref().and_then(|all| Some((all, all.client.as_ref()?)))
        else {
            return;
        };
        client.grants.permit(&self.quic, sessions.count().max(at_least), quota);
    }

    /// The peer has opened a stream.
    pub(super) fn opened(&self, direction: Direction) -> Option<Opened> {
        let client = self.sessions.as_ref()?.client.as_ref()?;
        Some(client.grants.opened(&self.quic, direction))
    }

    /// A request for a session has come, or is sent, on the stream with this id.
    ///
    /// # Errors
    /// For its stream, if there are as many sessions as there may be.
    pub(crate) fn session(self: &Rc<Self>, id: SessionId) -> Result<Ticket, protocol::Error> {
        if let Some(sessions) = &self.sessions {
            sessions.core.borrow_mut().request(id)?;
        }
        let client = self.sessions.as_ref().and_then(|sessions| sessions.client.as_ref());
        let share = client.map(|client| client.shares.share());
        Ok(Ticket { link: Rc::clone(self), id, share })
    }

    /// A stream of a session has come.
    pub(crate) fn arrived(self: &Rc<Self>, session: SessionId, stream: Arrived) {
        let Some(sessions) = &self.sessions else { return };
        let route = sessions.core.borrow_mut().stream(session, stream);
        match route {
            Route::Deliver(stream) => match sessions.receiver(session) {
                Some(receiver) => receiver.stream(stream),
                None => stream.refuse(Code::WT_SESSION_GONE),
            },
            Route::Waits => self.sweep_later(sessions),
            Route::Refuse(stream, code) => stream.refuse(code),
        }
    }

    /// At a server that goes away: a request comes too late and is refused with this code, a stream of a session does not.
    pub(super) fn accept_late(self: &Rc<Self>, mut reading: Reading, mut outbound: Outbound, code: Code) {
        let link = Rc::clone(self);
        tokio::task::spawn_local(async move {
            // A peer that says nothing is given up with the connection.
            if let Ok(Some(Event::WebTransport(session))) = reading.next().await {
                return link.arrived(session, Arrived::new(reading, outbound));
            }
            reading.stop(code);
            outbound.reset(code);
        });
    }

    /// At a client: the server has opened a bidirectional stream, which can only be one of a session.
    ///
    /// # Errors
    /// When it must not.
    pub(crate) fn accept_of_server(
        self: &Rc<Self>,
        send: SendStream,
        receive: RecvStream,
    ) -> Result<(), protocol::Error> {
        self.core.borrow_mut().accept_bidi(StreamId::new(VarInt::from(receive.id()).into_inner()))?;
        let (link, opened) = (Rc::clone(self), self.opened(Direction::Bidirectional));
        tokio::task::spawn_local(async move {
            let read = link.of_server(send, receive, opened).await;
            // The connection is closed with the error, of which its own task hears.
            drop(link.fatal(read));
        });
        Ok(())
    }

    async fn of_server(
        self: &Rc<Self>,
        send: SendStream,
        receive: RecvStream,
        opened: Option<Opened>,
    ) -> Result<(), protocol::Error> {
        let open = || OpenStream::new(&self.open);
        let mut inbound = Inbound::new(receive, Code::WT_SESSION_GONE, open());
        let outbound = Outbound::new(send, open(), None, Code::WT_SESSION_GONE);
        let (mut header, mut ahead) = (StreamHeader::default(), Bytes::new());
        loop {
            if let Some(session) = header.next(&mut ahead)? {
                self.arrived(session, Arrived { inbound, ahead, outbound: Some(outbound), opened });
                return Ok(());
            }
            match inbound.chunk().await {
                Ok(Some(chunk)) => ahead = chunk,
                // Nobody knows what it was for.
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    /// Reads datagrams for as long as the connection lasts, if there can be any.
    pub(super) fn read_datagrams(self: &Rc<Self>) {
        if self.sessions.is_none() {
            return;
        }
        let link = Rc::clone(self);
        tokio::task::spawn_local(async move {
            while let Ok(datagram) = link.quic.read_datagram().await {
                let came = datagram::read(datagram).and_then(|(stream, payload)| {
                    let session = SessionId::new(stream.value())?;
                    link.datagram(session, payload);
                    Ok(())
                });
                // The connection is closed with the error, of which its own task hears.
                drop(link.fatal(came));
            }
        });
    }

    fn datagram(self: &Rc<Self>, session: SessionId, payload: Bytes) {
        let Some(sessions) = &self.sessions else { return };
        let now = sessions.core.borrow_mut().datagram(session, payload);
        match now.zip(sessions.receiver(session)) {
            Some((payload, receiver)) => receiver.datagram(payload),
            None => self.sweep_later(sessions),
        }
    }

    /// Has one task at a time give up what has waited too long; it ends when nothing waits.
    fn sweep_later(self: &Rc<Self>, sessions: &Sessions) {
        if !sessions.core.borrow().has_waiting() || sessions.sweeping.replace(true) {
            return;
        }
        let link = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let Some(sessions) = &link.sessions else { return };
            loop {
                let over = tokio::select! {
                    _ = link.quic.closed() => true,
                    () = sessions.emptied.notified() => false,
                    () = tokio::time::sleep(PATIENCE) => {
                        let old = sessions.core.borrow_mut().sweep();
                        old.into_iter().for_each(|stream| stream.refuse(Code::WT_BUFFERED_STREAM_REJECTED));
                        false
                    }
                };
                if over || !sessions.core.borrow().has_waiting() {
                    sessions.sweeping.set(false);
                    return;
                }
            }
        });
    }

    /// The peer goes away: all its sessions should come to their end.
    pub(super) fn drain_sessions(&self) {
        let Some(sessions) = &self.sessions else { return };
        let receivers: Vec<_> = sessions.receivers.borrow().values().filter_map(Weak::upgrade).collect();
        receivers.iter().for_each(|receiver| receiver.drain());
    }
}
