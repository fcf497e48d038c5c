//! The byte stream of a client connection, whatever it runs over.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::server::TlsStream;

use crate::http::gathered;

/// A socket, and what was read from it to find out what the client speaks.
#[derive(Debug)]
pub struct Plain {
    /// The socket.
    pub socket: Socket,
    /// Bytes that come before what is still in the socket.
    pub prefix: Bytes,
}

/// An accepted socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP, with the peer's address.
    Tcp(TcpStream, SocketAddr),
    /// A unix domain socket.
    Unix(UnixStream),
}

/// A client connection below HTTP.
#[derive(Debug)]
pub enum Stream {
    /// Not encrypted.
    Plain(Plain),
    /// Encrypted.
    Tls(Box<TlsStream<Plain>>),
}

/// Enough for the head of most requests, so that looking ahead costs no further read.
const LOOK_AHEAD: usize = 2048;

impl From<Socket> for Plain {
    fn from(socket: Socket) -> Self {
        Self { socket, prefix: Bytes::new() }
    }
}

impl Plain {
    /// Reads ahead until `enough` says so (`Some`), or `limit` bytes are there, or the peer ends. What was read stays in
    /// the stream, and it may be more than was needed.
    ///
    /// # Errors
    /// What the socket reports.
    pub(crate) async fn look_ahead<T>(
        &mut self,
        limit: usize,
        enough: impl Fn(&[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut seen = Vec::from(std::mem::take(&mut self.prefix));
        let found = loop {
            if let Some(found) = enough(&seen) {
                break Some(found);
            }
            seen.reserve(LOOK_AHEAD);
            if seen.len() >= limit || self.socket.read_buf(&mut seen).await? == 0 {
                break None;
            }
        };
        self.prefix = seen.into();
        Ok(found)
    }

    /// Whether the client speaks HTTP, as far as its first bytes tell: TLS begins otherwise.
    ///
    /// # Errors
    /// What the socket reports.
    pub(crate) async fn begins_with_request(&mut self) -> io::Result<bool> {
        const BEGINNINGS: [&[u8; 5]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];
        let is_request = |seen: &[u8]| seen.get(..5).map(|first| BEGINNINGS.iter().any(|b| *b == first));
        Ok(self.look_ahead(5, is_request).await? == Some(true))
    }

    /// Answers a client that has not found out that it has to speak TLS, in the words of Go's server, and ends the connection.
    ///
    /// # Errors
    /// What the socket reports.
    pub(crate) async fn ask_for_tls(&mut self) -> io::Result<()> {
        let answer = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        self.socket.write_all(answer.as_bytes()).await?;
        self.socket.shutdown().await
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.prefix.is_empty() {
            let count = self.prefix.len().min(buffer.remaining());
            buffer.put_slice(&self.prefix[..count]);
            self.prefix.advance(count);
            if self.prefix.is_empty() {
                // Even so it would keep what it was a part of.
                self.prefix = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

/// Passes writing on to a stream within, or to one of several.
macro_rules! write_to {
    ($type:ty, $this:ident => $($pattern:pat => $stream:expr),+ $(; $($generic:tt)+)?) => {
        impl$(<$($generic)+>)? AsyncWrite for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $this = &mut *self;
                match $this { $($pattern => Pin::new($stream).poll_write(cx, bytes)),+ }
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $this = &mut *self;
                match $this { $($pattern => Pin::new($stream).poll_write_vectored(cx, slices)),+ }
            }

            fn is_write_vectored(&self) -> bool {
                let $this = self;
                match $this { $($pattern => $stream.is_write_vectored()),+ }
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = &mut *self;
                match $this { $($pattern => Pin::new($stream).poll_flush(cx)),+ }
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = &mut *self;
                match $this { $($pattern => Pin::new($stream).poll_shutdown(cx)),+ }
            }
        }
    };
}
pub(crate) use write_to;

/// The same for reading.
macro_rules! read_from {
    ($type:ty, $this:ident => $($pattern:pat => $stream:expr),+) => {
        impl AsyncRead for $type {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let $this = &mut *self;
                match $this { $($pattern => Pin::new($stream).poll_read(cx, buffer)),+ }
            }
        }
    };
}
pub(crate) use read_from;

read_from!(Socket, this => Self::Tcp(stream, _) => stream, Self::Unix(stream) => stream);
read_from!(Watched, this => Watched { stream, .. } => stream);
read_from!(Stream, this => Self::Plain(stream) => stream, Self::Tls(stream) => stream);
write_to!(Socket, this => Self::Tcp(stream, _) => stream, Self::Unix(stream) => stream);
write_to!(Plain, this => Plain { socket, .. } => socket);
write_to!(Stream, this => Self::Plain(stream) => stream, Self::Tls(stream) => stream);

/// A client connection as HTTP sees it: it notes when bytes cannot be sent, so that limits can be checked without a timer for
/// every write.
#[derive(Debug)]
pub struct Watched {
    stream: Stream,
    activity: std::sync::Arc<super::activity::Activity>,
}

impl Watched {
    /// Watches a stream.
    pub(crate) fn new(stream: Stream, activity: std::sync::Arc<super::activity::Activity>) -> Self {
        Self { stream, activity }
    }

    /// The stream, for whoever takes the connection over.
    #[must_use]
    pub fn into_stream(self) -> Stream {
        self.stream
    }

    fn note<T>(&self, written: &Poll<io::Result<T>>) {
        match written {
            Poll::Pending => self.activity.write_blocked(),
            Poll::Ready(_) => self.activity.write_moved(),
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = gathered::poll_write(&mut self.stream, cx, slices);
        self.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
