//! Writing that joins short pieces before it sends them.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;

/// Up to this many bytes are copied together: a head and a small body. The kernel takes more time to gather them from
/// two places than they take to be copied.
const SHORT: usize = 2048;

/// Writes the slices, with a single plain write where they are short.
pub(crate) fn poll_write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [only] = slices {
        return Pin::new(stream).poll_write(cx, only);
    }
    let total: usize = slices.iter().map(|slice| slice.len()).sum();
    if total > SHORT {
        return Pin::new(stream).poll_write_vectored(cx, slices);
    }
    let mut joined = [0; SHORT];
    let mut end = 0;
    for slice in slices {
        joined[end..end + slice.len()].copy_from_slice(slice);
        end += slice.len();
    }
    Pin::new(stream).poll_write(cx, &joined[..end])
}
