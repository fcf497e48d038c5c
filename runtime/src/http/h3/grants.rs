//! What a server may do on a connection with WebTransport sessions: streams that it opens, and bytes that it sends.
//!
//! All sessions together may do what each may by its own limits, so that one which nobody reads holds up no other. But streams
//! that may come take room in the tables of QUIC: the server is permitted twice as many as it has.

use std::{cell::Cell, rc::Rc};

use caddis_h3::Direction;
use quinn::VarInt;

use super::Quota;

/// Streams of each kind that are permitted to begin with, and those that are for each session.
pub(crate) const FIRST: u32 = 16;
const EACH: u64 = 8;

#[derive(Debug)]
pub(super) struct Grants {
    /// Streams that the server may have open: bidirectional ones, and unidirectional ones.
    permitted: [Cell<u64>; 2],
    open: [Cell<u64>; 2],
    /// How many may be permitted of each kind.
    most: Cell<u64>,
    /// Bytes that may be on their way.
    data: Cell<u64>,
}

/// A stream that the server has opened counts while it lives.
#[derive(Debug)]
pub(crate) struct Opened(Rc<Grants>, Direction);

impl Grants {
    pub(super) fn new() -> Rc<Self> {
        let permitted = [Cell::new(FIRST.into()), Cell::new(FIRST.into())];
        let (most, data) = (Cell::new(FIRST.into()), Cell::new(0));
        Rc::new(Self { permitted, open: Default::default(), most, data })
    }

    /// There are so many sessions now, each with this quota.
    pub(super) fn permit(&self, quic: &quinn::Connection, sessions: u64, quota: Quota) {
        // What is not content of sessions has room beside it.
        let quotas = sessions + 1;
        self.most.set(self.most.get().max(quotas * quota.streams));
        for direction in [Direction::Bidirectional, Direction::Unidirectional] {
            self.raise(quic, direction, quotas * EACH);
        }
        let data = quotas * quota.data;
        if data > self.data.replace(data.max(self.data.get())) {
            quic.set_receive_window(number(data));
        }
    }

    /// The server has opened a stream.
    pub(super) fn opened(self: &Rc<Self>, quic: &quinn::Connection, direction: Direction) -> Opened {
        let open = &self.open[place(direction)];
        open.set(open.get() + 1);
        let permitted = self.permitted[place(direction)].get();
        if open.get() * 2 > permitted {
            self.raise(quic, direction, permitted * 2);
        }
        Opened(Rc::clone(self), direction)
    }

    fn raise(&self, quic: &quinn::Connection, direction: Direction, to: u64) {
        let (permitted, to) = (&self.permitted[place(direction)], to.min(self.most.get()));
        if to <= permitted.get() {
            return;
        }
        permitted.set(to);
        match direction {
            Direction::Bidirectional => quic.set_max_concurrent_bi_streams(number(to)),
            Direction::Unidirectional => quic.set_max_concurrent_uni_streams(number(to)),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let open = &self.0.open[place(self.1)];
        open.set(open.get() - 1);
    }
}

fn place(direction: Direction) -> usize {
    match direction {
        Direction::Bidirectional => 0,
        Direction::Unidirectional => 1,
    }
}

fn number(value: u64) -> VarInt {
    VarInt::from_u64(value).unwrap_or(VarInt::MAX)
}
