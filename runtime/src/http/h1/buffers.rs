//! Buffers for heads, lent to the exchange that needs them: a connection that waits has none. Each shard has its own.

use std::cell::RefCell;

use bytes::BytesMut;

/// Bytes of a buffer: heads and short bodies fit in.
pub(super) const SIZE: usize = 8192;
/// Most that are kept, and how large one of them may have become.
const KEPT: usize = 64;
const LARGEST: usize = 2 * SIZE;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub(super) fn take() -> BytesMut {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(SIZE))
}

/// Takes a buffer back, unless someone still reads a part of it.
pub(super) fn give(mut buffer: BytesMut) {
    buffer.clear();
    if buffer.capacity() == 0 || !buffer.try_reclaim(SIZE) || buffer.capacity() > LARGEST {
        return;
    }
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < KEPT {
            spare.push(buffer);
        }
    });
}
