//! What is to be written to a connection.

use std::{
    io::{self, IoSlice, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BufMut, Bytes};
use http::HeaderMap;
use tokio::io::AsyncWrite;

use super::{buffers, fields};
use crate::http::gathered;

/// A body in memory up to this size is sent in one piece with the head.
const SHORT: usize = 2048;

/// A head or the beginning of a chunk, content, the end of a chunk: written in this order.
#[derive(Debug, Default)]
pub(crate) struct Output {
    head: Vec<u8>,
    /// How much of the head was written.
    written: usize,
    data: Bytes,
    tail: &'static [u8],
    /// Whether anything was written.
    touched: bool,
}

impl Output {
    /// The buffer to write a head into.
    pub(crate) fn head(&mut self) -> &mut Vec<u8> {
        if self.head.capacity() == 0 {
            self.head = buffers::take_for_head();
        }
        &mut self.head
    }

    /// Nothing more is sent: the buffer is free.
    pub(crate) fn free(&mut self) {
        buffers::give_from_head(std::mem::take(&mut self.head));
    }

    /// Bytes that the buffer has room for; 0 if there is none.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.head.capacity()
    }

    /// What is still to be written of a head.
    pub(crate) fn rest_of_head(&self) -> &[u8] {
        &self.head[self.written..]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.data.is_empty() && self.tail.is_empty()
    }

    /// Whether anything was written.
    pub(crate) fn is_touched(&self) -> bool {
        self.touched
    }

    /// Content as it is. Nothing but a head may come before it.
    pub(crate) fn put_data(&mut self, data: Bytes) {
        if !self.head.is_empty() && data.len() <= SHORT {
            self.head.put_slice(&data);
        } else {
            self.data = data;
        }
    }

    /// Content in a chunk, `last` with the end of all chunks behind it.
    pub(crate) fn put_chunk(&mut self, data: Bytes, last: bool) {
        if !data.is_empty() {
            write!(self.head(), "{:x}\r\n", data.len()).expect("a buffer grows");
            self.data = data;
            self.tail = if last { b"\r\n0\r\n\r\n" } else { b"\r\n" };
        } else if last {
            self.tail = b"0\r\n\r\n";
        }
    }

    /// The end of all chunks with what comes behind it.
    pub(crate) fn put_trailers(&mut self, trailers: &HeaderMap) {
        let out = self.head();
        out.put_slice(b"0\r\n");
        fields::put_trailers(trailers, out);
        out.put_slice(b"\r\n");
    }

    /// Writes and flushes what is there.
    pub(crate) fn poll_write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let written = match (&self.head[self.written..], &*self.data, self.tail) {
                (only, [], []) | ([], only, []) => Pin::new(&mut *stream).poll_write(cx, only),
                (head, data, tail) => {
                    let slices = [head, data, tail].map(IoSlice::new);
                    gathered::poll_write(stream, cx, &slices)
                }
            };
            let mut written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.touched = true;
            let of_head = written.min(self.head.len() - self.written);
            self.written += of_head;
            if self.written == self.head.len() {
                self.head.clear();
                self.written = 0;
            }
            written -= of_head;
            let of_data = written.min(self.data.len());
            self.data.advance(of_data);
            self.tail = &self.tail[written - of_data..];
        }
        self.data = Bytes::new();
        Pin::new(stream).poll_flush(cx)
    }
}
