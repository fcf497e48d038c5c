//! A WebTransport session through the proxy: two sessions, one on each side, of which everything that comes on one goes out on
//! the other.
//!
//! One task looks after the CONNECT streams of both, and after the end. Each stream that is open has another one, and datagrams
//! have none: they are passed on by whoever reads them. While nothing moves no buffer is held.

mod streams;

use std::{
    cell::RefCell,
    future::Future,
    io,
    pin::Pin,
    rc::{Rc, Weak},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::task::JoinSet;

use self::streams::Way;
use super::{Ended, Opened, Reason, direction::Side, lifetime::Lifetime, registry::Registry};
use crate::http::h3::{Arrived, Heard, Receives, SessionLeg};

/// Two ends that are to be connected.
pub(crate) struct Session {
    /// The client's end.
    pub(crate) client: SessionLeg,
    /// The upstream's end.
    pub(crate) upstream: SessionLeg,
    /// `stream_timeout`: how long the session may last.
    pub(crate) timeout: Option<Duration>,
    /// Called at the end. What it owns lives as long as the session does.
    pub(crate) ended: Box<dyn FnOnce(Ended)>,
}

impl Session {
    /// Enters the session into the registry and relays it on this shard until it ends.
    pub(crate) fn spawn(self, registry: &Arc<Registry>, opened: Opened) {
        let lifetime = Lifetime::new(registry.open(opened), self.timeout, self.ended);
        let tasks = Rc::new(RefCell::new(JoinSet::new()));
        let half = |to, source: &SessionLeg, sink: &SessionLeg| {
            let way = Way {
                to,
                source: Rc::clone(source.session()),
                sink: Rc::clone(sink.session()),
                stream: Arc::clone(lifetime.stream()),
            };
            Rc::new(Half { way: Rc::new(way), tasks: Rc::downgrade(&tasks) })
        };
        let up = half(Side::Upstream, &self.client, &self.upstream);
        let down = half(Side::Client, &self.upstream, &self.client);
        let relay = Relay {
            client: End::new(self.client, up),
            upstream: End::new(self.upstream, down),
            tasks,
            drained: false,
            lost: None,
            lifetime,
        };
        relay.accept();
        tokio::task::spawn_local(relay);
    }
}

/// Takes what comes in one session.
struct Half {
    way: Rc<Way>,
    /// Those of open streams.
    tasks: Weak<RefCell<JoinSet<()>>>,
}

impl Receives for Half {
    fn stream(&self, stream: Arrived) {
        // Dropped otherwise, and with that refused: the session is over.
        if let Some(tasks) = self.tasks.upgrade() {
            tasks.borrow_mut().spawn_local(Rc::clone(&self.way).pass(stream));
        }
    }

    fn datagram(&self, payload: Bytes) {
        self.way.datagram(&payload);
    }

    fn drain(&self) {
        self.way.sink.drain();
    }
}

/// One end, and what its session sends.
struct End {
    leg: SessionLeg,
    half: Rc<Half>,
    /// Whether the peer has nothing more to say.
    heard: bool,
    /// Whether it was told so of this end.
    said: bool,
}

impl End {
    fn new(leg: SessionLeg, half: Rc<Half>) -> Self {
        Self { leg, half, heard: false, said: false }
    }

    /// What the peer says that concerns the whole session; the rest is passed on.
    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Final> {
        while !self.heard {
            match self.leg.poll_hear(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Heard::Drain)) => self.half.drain(),
                Poll::Ready(Some(Heard::Datagram(payload))) => self.half.datagram(payload),
                Poll::Ready(Some(Heard::Unknown(capsule))) => self.half.way.sink.say(&capsule),
                Poll::Ready(Some(Heard::Closed(code, reason))) => {
                    return Poll::Ready(Final::Closed(code, reason));
                }
                Poll::Ready(Some(Heard::Lost(error))) => {
                    (self.heard, self.said) = (true, true);
                    return Poll::Ready(Final::Lost(error));
                }
                Poll::Ready(None) => self.heard = true,
            }
        }
        Poll::Pending
    }

    fn poll_say(&mut self, cx: &mut Context<'_>) {
        self.said = self.said || self.leg.poll_say(cx).is_ready();
    }
}

/// How one side ends a session.
enum Final {
    Closed(u32, String),
    Lost(io::Error),
}

struct Relay {
    client: End,
    upstream: End,
    tasks: Rc<RefCell<JoinSet<()>>>,
    /// Whether the peers were asked to bring the session to its end.
    drained: bool,
    /// What broke.
    lost: Option<io::Error>,
    lifetime: Lifetime,
}

impl Relay {
    /// Lets everything through, beginning with what has waited.
    fn accept(&self) {
        for end in [&self.client, &self.upstream] {
            let receiver: Rc<dyn Receives> = Rc::clone(&end.half) as _;
            if let Some(ticket) = end.leg.ticket() {
                ticket.accept(&receiver);
            }
        }
    }

    /// Ends what is open at this end, when the time has come; asks for it when that is known before.
    fn poll_due(&mut self, cx: &mut Context<'_>) {
        match self.lifetime.poll_due(cx) {
            Poll::Ready(reason) => {
                let words = last_words(reason);
                self.client.leg.close(0, words.to_owned());
                self.upstream.leg.close(0, words.to_owned());
                self.leave(reason);
            }
            Poll::Pending if !self.drained && self.lifetime.stream().closing().is_some() => {
                self.drained = true;
                self.client.leg.session().drain();
                self.upstream.leg.session().drain();
            }
            Poll::Pending => {}
        }
    }

    /// Passes the end of one side on to the other.
    fn over(&mut self, side: Side, how: Final) {
        if self.lifetime.leaving().is_some() {
            return;
        }
        let (from, to, reason) = match side {
            Side::Client => (&mut self.client, &mut self.upstream, Reason::Client),
            Side::Upstream => (&mut self.upstream, &mut self.client, Reason::Upstream),
        };
        match how {
            Final::Closed(code, reason) => {
                from.leg.close(code, String::new());
                to.leg.close(code, reason);
            }
            Final::Lost(error) => {
                from.leg.abandon();
                to.leg.abandon();
                (to.heard, to.said) = (true, true);
                self.lost = Some(error);
            }
        }
        self.leave(reason);
    }

    /// The session is over but for its last words: its streams are reset.
    fn leave(&mut self, reason: Reason) {
        self.tasks.borrow_mut().abort_all();
        self.lifetime.leave(reason);
    }

    /// Lets go of the tasks of streams that are done.
    fn reap(&self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(_)) = self.tasks.borrow_mut().poll_join_next(cx) {}
    }
}

impl Future for Relay {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let relay = self.get_mut();
        if relay.lifetime.leaving().is_none() {
            relay.poll_due(cx);
        }
        while let Poll::Ready(how) = relay.client.poll_hear(cx) {
            relay.over(Side::Client, how);
        }
        while let Poll::Ready(how) = relay.upstream.poll_hear(cx) {
            relay.over(Side::Upstream, how);
        }
        relay.reap(cx);
        relay.client.poll_say(cx);
        relay.upstream.poll_say(cx);
        let Some(reason) = relay.lifetime.leaving() else { return Poll::Pending };
        // Whoever closes a session waits for the other one's end: a connection that is closed sooner may take the code along.
        let ends = [&relay.client, &relay.upstream];
        if ends.iter().all(|end| end.heard && end.said) || relay.lifetime.poll_left(cx).is_ready() {
            let lost = relay.lost.take();
            relay.lifetime.end(reason, lost);
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// What the peers are told when it is not one of them that ends the session.
fn last_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Reload => "the proxy was reconfigured",
        Reason::UpstreamRemoved => "the upstream was removed",
        Reason::Timeout => "the session has reached its time limit",
        Reason::Shutdown => "the proxy is shutting down",
        Reason::Drained => "the session was drained",
        Reason::Client | Reason::Upstream => "",
    }
}
