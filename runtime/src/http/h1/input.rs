//! What was read of a connection and not used yet.

use std::{
    future::Future,
    io,
    mem::MaybeUninit,
    pin::pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use httparse::Header;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Invalid, buffers};

/// What a read asks for at most, reached in steps by bodies that fill what was asked for.
const LARGEST_READ: usize = 256 << 10;
/// Up to this many bytes are copied, so that the buffer is free at once.
const SHORT: usize = 4096;
/// Fields that there is room for at first, and at most.
const FEW: usize = 64;
const MOST_FIELDS: usize = 4096;

/// The length of what was found at the beginning of the input; `None` if it is not complete.
pub(crate) type Parsed = Result<Option<usize>, Invalid>;

/// Bytes in a buffer that is only there while it holds some.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) bytes: BytesMut,
    /// How many of them are known not to hold the end of a head.
    searched: usize,
    /// What the next read asks for.
    read_size: usize,
}

impl Default for Input {
    fn default() -> Self {
        Self { bytes: BytesMut::new(), searched: 0, read_size: buffers::SIZE }
    }
}

impl Input {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads on; 0 is the end.
    pub(crate) fn poll_fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.bytes.capacity() == 0 {
            self.bytes = buffers::take();
        }
        if self.bytes.capacity() - self.bytes.len() < self.read_size / 2 {
            self.bytes.reserve(self.read_size);
        }
        let room = self.bytes.capacity() - self.bytes.len();
        let count = ready!(pin!(stream.read_buf(&mut self.bytes)).poll(cx))?;
        if count == room {
            self.read_size = (self.read_size * 2).min(LARGEST_READ);
        }
        Poll::Ready(Ok(count))
    }

    /// Takes a head out, if it is complete. `read` puts what it is into `head`, where it can stay, because it is large, and
    /// tells its length.
    ///
    /// # Errors
    /// When it is no head, or longer than `most`.
    pub(crate) fn take_head<T>(
        &mut self,
        most: usize,
        head: &mut Option<T>,
        read: impl for<'a> Fn(&'a [u8], &mut [MaybeUninit<Header<'a>>], &mut Option<T>) -> Parsed,
    ) -> Result<(), Invalid> {
        // A head that comes in many pieces is not parsed for each of them.
        let parse = match self.searched {
            0 => !self.bytes.is_empty(),
            searched => has_end(&self.bytes[searched.saturating_sub(3)..]),
        };
        let length = if parse { self.parse(head, read)? } else { None };
        if length.unwrap_or(self.bytes.len() + 1) > most {
            return Err(Invalid::TooLarge(most));
        }
        match length {
            Some(length) => {
                self.bytes.advance(length);
                self.searched = 0;
            }
            None => self.searched = self.bytes.len(),
        }
        Ok(())
    }

    fn parse<T>(
        &self,
        head: &mut Option<T>,
        read: impl for<'a> Fn(&'a [u8], &mut [MaybeUninit<Header<'a>>], &mut Option<T>) -> Parsed,
    ) -> Parsed {
        let mut few = [const { MaybeUninit::uninit() }; FEW];
        match read(&self.bytes, &mut few, head) {
            Err(Invalid::Syntax(httparse::Error::TooManyHeaders)) => {
                read(&self.bytes, &mut vec![const { MaybeUninit::uninit() }; MOST_FIELDS], head)
            }
            parsed => parsed,
        }
    }

    /// Takes so much of a body that has come to its end.
    pub(crate) fn take_body(&mut self, length: usize) -> Bytes {
        if length > SHORT {
            return self.bytes.split_to(length).freeze();
        }
        let body = Bytes::copy_from_slice(&self.bytes[..length]);
        self.bytes.advance(length);
        body
    }

    /// Lets go of the buffer, if it is empty.
    pub(crate) fn free(&mut self) {
        if self.bytes.is_empty() {
            buffers::give(std::mem::take(&mut self.bytes));
            self.read_size = buffers::SIZE;
        }
    }
}

#[cfg(test)]
impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self { bytes: text.into(), ..Self::default() }
    }
}

/// Whether an empty line is in it.
fn has_end(input: &[u8]) -> bool {
    input.windows(2).any(|pair| pair == b"\n\n") || input.windows(3).any(|end| end == b"\n\r\n")
}
