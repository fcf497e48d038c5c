//! The sessions of a connection: to which of them a stream or a datagram belongs, and what comes before its session or
//! after it (draft-ietf-webtrans-http3-15 section 4.6).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::{Code, Error, SessionId};

/// How much is kept, for all sessions of a connection together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions at a time, see also [`Sessions::only_one`].
    pub sessions: usize,
    /// Streams that wait for their session to be accepted.
    pub waiting_streams: usize,
    /// Datagrams that wait for their session to be accepted.
    pub waiting_datagrams: usize,
    /// Ids of ended sessions that are remembered, so that what comes late for them does not wait.
    pub gone: usize,
}

impl Default for Limits {
    /// 100 sessions, 16 streams and 64 datagrams that wait, 64 ended sessions.
    fn default() -> Self {
        Self { sessions: 100, waiting_streams: 16, waiting_datagrams: 64, gone: 64 }
    }
}

/// Where a stream goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<S> {
    /// To its session.
    Deliver(S),
    /// Nowhere yet: it is kept here.
    Waits,
    /// Nowhere: it is to be reset, and reading from it to be stopped, with this code.
    Refuse(S, Code),
}

/// The sessions of a connection. `S` is whatever stands for a stream.
#[derive(Debug)]
pub struct Sessions<S> {
    limits: Limits,
    /// Whether each was accepted.
    sessions: BTreeMap<SessionId, bool>,
    gone: VecDeque<SessionId>,
    streams: VecDeque<Waiting<S>>,
    datagrams: VecDeque<Waiting<Bytes>>,
    dropped_datagrams: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    session: SessionId,
    /// Whether it was there at the last sweep.
    old: bool,
    what: T,
}

impl<S> Sessions<S> {
    /// No sessions.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            sessions: BTreeMap::new(),
            gone: VecDeque::new(),
            streams: VecDeque::new(),
            datagrams: VecDeque::new(),
            dropped_datagrams: 0,
        }
    }

    /// There may be one session at a time: the dialect and both ends' settings do not permit several (see
    /// [`Dialect::permits_several_sessions`](crate::Dialect::permits_several_sessions)).
    pub fn only_one(&mut self) {
        self.limits.sessions = self.limits.sessions.min(1);
    }

    /// A CONNECT request for a session was sent or came.
    ///
    /// # Errors
    /// H3_REQUEST_REJECTED, for its stream, if there are as many sessions as there may be (section 5.2).
    pub fn request(&mut self, session: SessionId) -> Result<(), Error> {
        if self.sessions.len() >= self.limits.sessions {
            return Err(Error::stream(
                Code::H3_REQUEST_REJECTED,
                "there are too many sessions on the connection",
            ));
        }
        self.sessions.insert(session, false);
        Ok(())
    }

    /// The session was accepted. Returns what has waited for it.
    pub fn accept(&mut self, session: SessionId) -> (Vec<S>, Vec<Bytes>) {
        self.sessions.insert(session, true);
        (take(&mut self.streams, session), take(&mut self.datagrams, session))
    }

    /// The session has ended, or was refused. Returns the streams that have waited for it, to be refused with
    /// WT_SESSION_GONE.
    pub fn remove(&mut self, session: SessionId) -> Vec<S> {
        self.sessions.remove(&session);
        self.gone.push_back(session);
        while self.gone.len() > self.limits.gone {
            self.gone.pop_front();
        }
        let datagrams = take(&mut self.datagrams, session);
        self.dropped_datagrams += datagrams.len() as u64;
        take(&mut self.streams, session)
    }

    /// A stream of a session has come.
    pub fn stream(&mut self, session: SessionId, stream: S) -> Route<S> {
        if self.is_open(session) {
            return Route::Deliver(stream);
        }
        if self.gone.contains(&session) {
            return Route::Refuse(stream, Code::WT_SESSION_GONE);
        }
        if self.streams.len() >= self.limits.waiting_streams {
            return Route::Refuse(stream, Code::WT_BUFFERED_STREAM_REJECTED);
        }
        self.streams.push_back(Waiting { session, old: false, what: stream });
        Route::Waits
    }

    /// A datagram of a session has come. Returns it if the session is there; otherwise it waits or is dropped.
    pub fn datagram(&mut self, session: SessionId, payload: Bytes) -> Option<Bytes> {
        if self.is_open(session) {
            return Some(payload);
        }
        if self.gone.contains(&session) || self.datagrams.len() >= self.limits.waiting_datagrams {
            self.dropped_datagrams += 1;
        } else {
            // A copy of its own: the packet that it came in is larger.
            let what = Bytes::copy_from_slice(&payload);
            self.datagrams.push_back(Waiting { session, old: false, what });
        }
        None
    }

    /// Gives up what has waited since before the last call; called at intervals by whoever knows the time. Returns the
    /// streams, to be refused with WT_BUFFERED_STREAM_REJECTED.
    pub fn sweep(&mut self) -> Vec<S> {
        let datagrams = sweep(&mut self.datagrams);
        self.dropped_datagrams += datagrams.len() as u64;
        sweep(&mut self.streams)
    }

    /// Whether anything waits, and [`Sessions::sweep`] is worth a call.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.streams.is_empty() || !self.datagrams.is_empty()
    }

    /// Datagrams that had to be dropped so far.
    #[must_use]
    pub fn dropped_datagrams(&self) -> u64 {
        self.dropped_datagrams
    }

    /// Whether a session was accepted and has not ended.
    #[must_use]
    pub fn is_open(&self, session: SessionId) -> bool {
        self.sessions.get(&session) == Some(&true)
    }

    /// All sessions that were requested and have not ended, in order.
    pub fn iter(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.keys().copied()
    }
}

fn take<T>(waiting: &mut VecDeque<Waiting<T>>, session: SessionId) -> Vec<T> {
    split(waiting, |waiting| waiting.session == session)
}

fn sweep<T>(waiting: &mut VecDeque<Waiting<T>>) -> Vec<T> {
    let old = split(waiting, |waiting| waiting.old);
    waiting.iter_mut().for_each(|waiting| waiting.old = true);
    old
}

/// Takes out what meets the condition, in order.
fn split<T>(waiting: &mut VecDeque<Waiting<T>>, condition: impl Fn(&Waiting<T>) -> bool) -> Vec<T> {
    let mut taken = Vec::new();
    for _ in 0..waiting.len() {
        let Some(first) = waiting.pop_front() else { break };
        if condition(&first) {
            taken.push(first.what);
        } else {
            waiting.push_back(first);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(value: u64) -> SessionId {
        SessionId::new(value).unwrap()
    }

    fn sessions() -> Sessions<&'static str> {
        Sessions::new(Limits { sessions: 2, waiting_streams: 2, waiting_datagrams: 1, gone: 1 })
    }

    #[test]
    fn what_comes_early_waits() {
        let mut sessions = sessions();
        assert_eq!(sessions.stream(id(0), "a"), Route::Waits);
        assert_eq!(sessions.stream(id(4), "b"), Route::Waits);
        assert_eq!(sessions.stream(id(0), "c"), Route::Refuse("c", Code::WT_BUFFERED_STREAM_REJECTED));
        assert_eq!(sessions.datagram(id(0), Bytes::from_static(b"1")), None);
        assert_eq!(sessions.datagram(id(0), Bytes::from_static(b"2")), None);
        sessions.request(id(0)).unwrap();
        assert_eq!(sessions.accept(id(0)), (vec!["a"], vec![Bytes::from_static(b"1")]));
        assert_eq!(sessions.dropped_datagrams(), 1);
        assert_eq!(sessions.stream(id(0), "d"), Route::Deliver("d"));
        assert!(sessions.datagram(id(0), Bytes::new()).is_some() && sessions.has_waiting());
        assert_eq!(sessions.remove(id(4)), ["b"]);
        assert!(!sessions.has_waiting());
    }

    #[test]
    fn what_comes_late_is_refused() {
        let mut sessions = sessions();
        sessions.request(id(0)).unwrap();
        sessions.accept(id(0));
        assert!(sessions.remove(id(0)).is_empty());
        assert_eq!(sessions.stream(id(0), "a"), Route::Refuse("a", Code::WT_SESSION_GONE));
        assert_eq!((sessions.datagram(id(0), Bytes::new()), sessions.dropped_datagrams()), (None, 1));
        // The oldest ids are forgotten; what comes for them waits in vain, and that is bounded, too.
        sessions.remove(id(4));
        assert_eq!(sessions.stream(id(0), "a"), Route::Waits);
    }

    #[test]
    fn who_waits_too_long_is_given_up() {
        let mut sessions = sessions();
        sessions.stream(id(0), "a");
        assert!(sessions.sweep().is_empty());
        sessions.stream(id(0), "b");
        sessions.datagram(id(0), Bytes::new());
        assert_eq!(sessions.sweep(), ["a"]);
        assert_eq!((sessions.sweep(), sessions.dropped_datagrams()), (vec!["b"], 1));
    }

    #[test]
    fn too_many_sessions() {
        let mut sessions = sessions();
        sessions.request(id(0)).unwrap();
        sessions.request(id(4)).unwrap();
        assert_eq!(sessions.request(id(8)).map_err(|error| error.code), Err(Code::H3_REQUEST_REJECTED));
        sessions.remove(id(0));
        sessions.request(id(8)).unwrap();
        assert_eq!(sessions.iter().collect::<Vec<_>>(), [id(4), id(8)]);
        sessions.remove(id(4));
        sessions.only_one();
        assert_eq!(sessions.request(id(12)).map_err(|error| error.code), Err(Code::H3_REQUEST_REJECTED));
    }
}
