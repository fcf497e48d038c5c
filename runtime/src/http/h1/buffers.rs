//! Buffers for heads, lent to the exchange that needs them: a connection that waits has none. Each shard has its own.

use std::cell::RefCell;

use bytes::BytesMut;

/// Bytes of a buffer: heads and short bodies fit in.
pub(super) const SIZE: usize = 8192;
/// Most that are kept, and how large one of them may have become.
const KEPT: usize = 64;
const LARGEST: usize = 2 * SIZE;

thread_local! {
    static READ: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static WRITTEN: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer to read into.
pub(super) fn take() -> BytesMut {
    READ.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(SIZE))
}

/// Takes a buffer back, unless someone still reads a part of it.
pub(super) fn give(mut buffer: BytesMut) {
    buffer.clear();
    if buffer.capacity() == 0 || !buffer.try_reclaim(SIZE) || buffer.capacity() > LARGEST {
        return;
    }
    READ.with_borrow_mut(|spare| keep(spare, buffer));
}

/// An empty buffer to write a head into.
pub(super) fn take_for_head() -> Vec<u8> {
    WRITTEN.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(SIZE))
}

/// Takes such a buffer back.
pub(super) fn give_from_head(mut buffer: Vec<u8>) {
    buffer.clear();
    if (SIZE..=LARGEST).contains(&buffer.capacity()) {
        WRITTEN.with_borrow_mut(|spare| keep(spare, buffer));
    }
}

fn keep<T>(spare: &mut Vec<T>, buffer: T) {
    if spare.len() < KEPT {
        spare.push(buffer);
    }
}
