//! Streams that the server permits on a connection, shared out among the WebTransport sessions on it.
//!
//! Each session has some for itself, and the rest is for whoever comes first: a session that opens as many as it can leaves the
//! others theirs.

use std::{cell::Cell, rc::Rc};

use caddis_h3::Direction;
use tokio::sync::Notify;

use crate::tls::quic::Granted;

/// Streams of each kind that a session can have open in any case.
const RESERVED: u64 = 2;

#[derive(Debug)]
pub(super) struct Shares {
    kinds: [Kind; 2],
    sessions: Cell<u64>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Kind {
    granted: u64,
    open: Cell<u64>,
    /// What sessions have for themselves and do not use.
    reserved: Cell<u64>,
}

/// What one session has of the streams.
#[derive(Debug)]
pub(super) struct Share {
    shares: Rc<Shares>,
    open: [Cell<u64>; 2],
}

/// A stream counts as open while this lives.
#[derive(Debug)]
pub(crate) struct Taken(Rc<Share>, Direction);

impl Shares {
    pub(super) fn new(granted: Granted) -> Rc<Self> {
        let kind = |granted| Kind { granted, ..Kind::default() };
        let kinds = [kind(granted.bidirectional), kind(granted.unidirectional)];
        // The control stream.
        kinds[1].open.set(1);
        Rc::new(Self { kinds, sessions: Cell::new(0), freed: Notify::new() })
    }

    fn kind(&self, direction: Direction) -> &Kind {
        match direction {
            Direction::Bidirectional => &self.kinds[0],
            Direction::Unidirectional => &self.kinds[1],
        }
    }

    /// Whether one more session leaves half of the streams to whoever wants more than some.
    pub(super) fn has_room(&self) -> bool {
        // A session is itself a stream.
        [(0, 1), (1, 0)].into_iter().all(|(place, itself)| {
            let Kind { granted, open, reserved } = &self.kinds[place];
            open.get() + reserved.get() + RESERVED + itself <= granted / 2
        })
    }

    /// One more session, of which the CONNECT request has been sent.
    pub(super) fn share(self: &Rc<Self>) -> Rc<Share> {
        self.sessions.set(self.sessions.get() + 1);
        add(&self.kinds[0].open, 1);
        self.kinds.iter().for_each(|kind| add(&kind.reserved, RESERVED));
        Rc::new(Share { shares: Rc::clone(self), open: Default::default() })
    }
}

impl Share {
    fn open(&self, direction: Direction) -> &Cell<u64> {
        match direction {
            Direction::Bidirectional => &self.open[0],
            Direction::Unidirectional => &self.open[1],
        }
    }

    /// Waits until the session may open one more stream.
    pub(super) async fn take(self: &Rc<Self>, direction: Direction) -> Taken {
        loop {
            if let Some(taken) = self.try_take(direction) {
                return taken;
            }
            self.shares.freed.notified().await;
        }
    }

    fn try_take(self: &Rc<Self>, direction: Direction) -> Option<Taken> {
        let (kind, open) = (self.shares.kind(direction), self.open(direction));
        if open.get() < RESERVED {
            sub(&kind.reserved, 1);
        // One that is alone is held back by QUIC itself, which may permit more meanwhile.
        } else if self.shares.sessions.get() > 1 && kind.open.get() + kind.reserved.get() >= kind.granted {
            return None;
        }
        add(open, 1);
        add(&kind.open, 1);
        Some(Taken(Rc::clone(self), direction))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Self(share, direction) = self;
        let (kind, open) = (share.shares.kind(*direction), share.open(*direction));
        if open.get() <= RESERVED {
            add(&kind.reserved, 1);
        }
        sub(open, 1);
        sub(&kind.open, 1);
        share.shares.freed.notify_waiters();
    }
}

impl Drop for Share {
    /// None of its streams is left: they keep it.
    fn drop(&mut self) {
        let shares = &self.shares;
        sub(&shares.sessions, 1);
        sub(&shares.kinds[0].open, 1);
        shares.kinds.iter().for_each(|kind| sub(&kind.reserved, RESERVED));
        shares.freed.notify_waiters();
    }
}

fn add(count: &Cell<u64>, more: u64) {
    count.set(count.get() + more);
}

fn sub(count: &Cell<u64>, less: u64) {
    count.set(count.get() - less);
}

#[cfg(test)]
mod tests {
    use super::{Direction::Bidirectional, Granted, Shares};

    #[test]
    fn sessions_leave_each_other_some() {
        let shares = Shares::new(Granted { bidirectional: 20, unidirectional: 20 });
        let sessions: Vec<_> = std::iter::from_fn(|| shares.has_room().then(|| shares.share())).collect();
        assert_eq!(sessions.len(), 3);
        // Of 20, three are those of the sessions, and two are kept for each of the two others.
        let greedy: Vec<_> = std::iter::from_fn(|| sessions[0].try_take(Bidirectional)).collect();
        assert_eq!(greedy.len(), 20 - 3 - 4);
        let one = sessions[1].try_take(Bidirectional).unwrap();
        let _other = sessions[1].try_take(Bidirectional).unwrap();
        assert!(sessions[1].try_take(Bidirectional).is_none() && !shares.has_room());
        drop(one);
        assert!(sessions[0].try_take(Bidirectional).is_none());
        assert!(sessions[1].try_take(Bidirectional).is_some());
        drop((greedy, sessions));
        assert!(shares.has_room());
    }

    #[test]
    fn one_that_is_alone_asks_quic() {
        let shares = Shares::new(Granted::default());
        assert!(!shares.has_room());
        let session = shares.share();
        assert!((0..10).all(|_| session.try_take(Bidirectional).is_some()));
    }
}
