//! The limits of a session (draft-ietf-webtrans-http3-15 section 5): streams and bytes that either end may use, beside the
//! limits that QUIC has for the connection.

use crate::{Code, Direction, Error, Settings, capsule::Capsule, varint};

/// The most streams that can be: 2<sup>60</sup>.
const MOST_STREAMS: u64 = 1 << 60;

/// What the peer may use, and has used.
#[derive(Clone, Copy, Debug)]
struct Granted {
    /// How much may be in use at a time.
    window: u64,
    limit: u64,
    /// What no limit is above.
    most: u64,
    used: u64,
    /// What was used and is done with.
    released: u64,
}

impl Granted {
    fn new(window: u64, most: u64) -> Self {
        let window = window.min(most);
        Self { window, limit: window, most, used: 0, released: 0 }
    }

    fn take(&mut self, amount: u64, reason: &'static str) -> Result<(), Error> {
        self.used = self.used.saturating_add(amount);
        if self.used > self.limit { Err(violation(reason)) } else { Ok(()) }
    }

    /// A new limit, if at least half of the window has become free.
    fn release(&mut self, amount: u64) -> Option<u64> {
        self.released = self.released.saturating_add(amount).min(self.used);
        let limit = self.released.saturating_add(self.window).min(self.most);
        if limit.saturating_sub(self.limit) < self.window.div_ceil(2).max(1) {
            return None;
        }
        self.limit = limit;
        Some(limit)
    }
}

/// What this end may use, and has used.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    limit: u64,
    used: u64,
}

impl Allowed {
    const fn left(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Takes over a limit. In one stream of capsules they come in order, and none is below the one before.
    fn raise(&mut self, limit: u64, reason: &'static str) -> Result<(), Error> {
        if limit < self.limit {
            return Err(violation(reason));
        }
        self.limit = limit;
        Ok(())
    }
}

/// The limits of one session, both ways. Errors are for the stream of its CONNECT request.
#[derive(Clone, Debug)]
pub struct Flow {
    peer_bidi: Granted,
    peer_uni: Granted,
    peer_data: Granted,
    bidi: Allowed,
    uni: Allowed,
    data: Allowed,
}

impl Flow {
    /// The limits that a session begins with.
    #[must_use]
    pub fn new(local: &Settings, peer: &Settings) -> Self {
        let (local, peer) = (&local.webtransport, &peer.webtransport);
        let allowed = |limit| Allowed { limit, used: 0 };
        Self {
            peer_bidi: Granted::new(local.initial_max_streams_bidi, MOST_STREAMS),
            peer_uni: Granted::new(local.initial_max_streams_uni, MOST_STREAMS),
            peer_data: Granted::new(local.initial_max_data, varint::MAX),
            bidi: allowed(peer.initial_max_streams_bidi),
            uni: allowed(peer.initial_max_streams_uni),
            data: allowed(peer.initial_max_data),
        }
    }

    fn granted(&mut self, direction: Direction) -> &mut Granted {
        match direction {
            Direction::Bidirectional => &mut self.peer_bidi,
            Direction::Unidirectional => &mut self.peer_uni,
        }
    }

    fn allowed(&mut self, direction: Direction) -> &mut Allowed {
        match direction {
            Direction::Bidirectional => &mut self.bidi,
            Direction::Unidirectional => &mut self.uni,
        }
    }

    /// The peer has opened a stream.
    ///
    /// # Errors
    /// WT_FLOW_CONTROL_ERROR above the limit.
    pub fn peer_opened(&mut self, direction: Direction) -> Result<(), Error> {
        self.granted(direction).take(1, "the peer opens more streams than the session permits")
    }

    /// A stream of the peer is done with, both ways. Returns what is to be said about it.
    pub fn peer_closed(&mut self, direction: Direction) -> Option<Capsule> {
        self.granted(direction).release(1).map(|limit| Capsule::MaxStreams(direction, limit))
    }

    /// Bytes came on a stream, without its header.
    ///
    /// # Errors
    /// WT_FLOW_CONTROL_ERROR above the limit.
    pub fn received(&mut self, bytes: u64) -> Result<(), Error> {
        self.peer_data.take(bytes, "the peer sends more bytes than the session permits")
    }

    /// Bytes that came were passed on. Returns what is to be said about it.
    pub fn consumed(&mut self, bytes: u64) -> Option<Capsule> {
        self.peer_data.release(bytes).map(Capsule::MaxData)
    }

    /// Opens a stream, as far as the session is concerned.
    ///
    /// # Errors
    /// The capsule that tells the peer about it, if the limit permits no stream now.
    pub fn open(&mut self, direction: Direction) -> Result<(), Capsule> {
        let allowed = self.allowed(direction);
        if allowed.left() == 0 {
            return Err(Capsule::StreamsBlocked(direction, allowed.limit));
        }
        allowed.used += 1;
        Ok(())
    }

    /// How many bytes may be sent on all streams together now.
    #[must_use]
    pub fn sendable(&self) -> u64 {
        self.data.left()
    }

    /// Bytes were sent: at most [`Flow::sendable`].
    pub fn sent(&mut self, bytes: u64) {
        debug_assert!(bytes <= self.sendable());
        self.data.used += bytes;
    }

    /// What tells the peer that no byte may be sent.
    #[must_use]
    pub fn blocked(&self) -> Capsule {
        Capsule::DataBlocked(self.data.limit)
    }

    /// The peer raises the number of bytes.
    pub(super) fn max_data(&mut self, limit: u64) -> Result<(), Error> {
        self.data.raise(limit, "WT_MAX_DATA shrinks")
    }

    /// The peer raises a number of streams.
    pub(super) fn max_streams(&mut self, direction: Direction, limit: u64) -> Result<(), Error> {
        check_streams(limit)?;
        self.allowed(direction).raise(limit, "WT_MAX_STREAMS shrinks")
    }
}

/// A number of streams that cannot be. (Draft 16 has WT_FLOW_CONTROL_ERROR instead.)
pub(super) fn check_streams(limit: u64) -> Result<(), Error> {
    if limit > MOST_STREAMS {
        return Err(Error::stream(Code::H3_DATAGRAM_ERROR, "a limit of more streams than there can be"));
    }
    Ok(())
}

const fn violation(reason: &'static str) -> Error {
    Error::stream(Code::WT_FLOW_CONTROL_ERROR, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::WebTransport;

    fn flow() -> Flow {
        let settings = Settings {
            webtransport: WebTransport {
                initial_max_data: 100,
                initial_max_streams_uni: 1,
                initial_max_streams_bidi: 4,
                ..WebTransport::default()
            },
            ..Settings::default()
        };
        Flow::new(&settings, &settings)
    }

    fn code<T>(result: Result<T, Error>) -> Option<Code> {
        result.err().map(|error| error.code)
    }

    #[test]
    fn streams_of_the_peer() {
        use Direction::{Bidirectional, Unidirectional};
        let mut flow = flow();
        for _ in 0..4 {
            flow.peer_opened(Bidirectional).unwrap();
        }
        assert_eq!(flow.peer_closed(Bidirectional), None);
        assert_eq!(flow.peer_closed(Bidirectional), Some(Capsule::MaxStreams(Bidirectional, 6)));
        flow.peer_opened(Bidirectional).unwrap();
        flow.peer_opened(Bidirectional).unwrap();
        assert_eq!(code(flow.peer_opened(Bidirectional)), Some(Code::WT_FLOW_CONTROL_ERROR));
        flow.peer_opened(Unidirectional).unwrap();
        assert_eq!(flow.peer_closed(Unidirectional), Some(Capsule::MaxStreams(Unidirectional, 2)));
    }

    #[test]
    fn bytes_of_the_peer() {
        let mut flow = flow();
        flow.received(100).unwrap();
        assert_eq!(flow.consumed(49), None);
        assert_eq!(flow.consumed(1), Some(Capsule::MaxData(150)));
        flow.received(50).unwrap();
        assert_eq!(code(flow.received(1)), Some(Code::WT_FLOW_CONTROL_ERROR));
    }

    #[test]
    fn limits_stay_what_can_be_written() {
        let mut granted = Granted::new(u64::MAX, varint::MAX);
        granted.take(varint::MAX, "").unwrap();
        assert_eq!((granted.limit, granted.release(varint::MAX)), (varint::MAX, None));
    }

    #[test]
    fn streams_and_bytes_of_ours() {
        let mut flow = flow();
        flow.open(Direction::Unidirectional).unwrap();
        let blocked = Capsule::StreamsBlocked(Direction::Unidirectional, 1);
        assert_eq!(flow.open(Direction::Unidirectional), Err(blocked));
        flow.max_streams(Direction::Unidirectional, 2).unwrap();
        flow.open(Direction::Unidirectional).unwrap();
        flow.sent(100);
        assert_eq!((flow.sendable(), flow.blocked()), (0, Capsule::DataBlocked(100)));
        flow.max_data(101).unwrap();
        assert_eq!(flow.sendable(), 1);
    }

    #[test]
    fn limits_only_grow() {
        let mut flow = flow();
        assert_eq!(code(flow.max_data(99)), Some(Code::WT_FLOW_CONTROL_ERROR));
        assert_eq!(code(flow.max_streams(Direction::Bidirectional, 3)), Some(Code::WT_FLOW_CONTROL_ERROR));
        assert_eq!(
            code(flow.max_streams(Direction::Bidirectional, MOST_STREAMS + 1)),
            Some(Code::H3_DATAGRAM_ERROR)
        );
        flow.max_streams(Direction::Bidirectional, MOST_STREAMS).unwrap();
    }
}
