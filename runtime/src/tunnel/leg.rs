//! One side of a tunnel: a bare socket where it can be had, else whatever the connection runs over.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};

use crate::http::{
    connection::{Socket, Stream as ClientStream, Watched},
    gathered::Gathered,
};

/// A byte stream in both directions.
pub enum Leg {
    /// A plain TCP connection.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
    /// TLS, a stream of an HTTP/2 connection, …
    Other(Box<dyn Stream>),
}

/// What [`Leg::Other`] can hold.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl std::fmt::Debug for Leg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Leg::Tcp(_) => "Tcp",
            Leg::Unix(_) => "Unix",
            Leg::Other(_) => "Other",
        })
    }
}

impl Leg {
    /// Takes a connection out of the hands of the HTTP library, with the bytes that it had read too far.
    #[must_use]
    pub fn from_upgraded(upgraded: Upgraded) -> (Self, Bytes) {
        let upgraded = match upgraded.downcast::<TokioIo<Watched>>() {
            Ok(parts) => return Self::from_client(parts.io.into_inner().into_stream(), parts.read_buf),
            Err(upgraded) => upgraded,
        };
        let upgraded = match upgraded.downcast::<TokioIo<Gathered<TcpStream>>>() {
            Ok(parts) => return (Leg::Tcp(parts.io.into_inner().0), parts.read_buf),
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<Gathered<UnixStream>>>() {
            Ok(parts) => (Leg::Unix(parts.io.into_inner().0), parts.read_buf),
            // The bytes read too far are part of the stream then.
            Err(upgraded) => (Leg::Other(Box::new(TokioIo::new(upgraded))), Bytes::new()),
        }
    }

    /// A client's connection, of which `read` was read too far.
    fn from_client(stream: ClientStream, read: Bytes) -> (Self, Bytes) {
        let ClientStream::Plain(plain) = stream else {
            return (Leg::Other(Box::new(stream)), read);
        };
        let leg = match plain.socket {
            Socket::Tcp(stream, _) => Leg::Tcp(stream),
            Socket::Unix(stream) => Leg::Unix(stream),
        };
        let ahead = if plain.prefix.is_empty() { read } else { [read, plain.prefix].concat().into() };
        (leg, ahead)
    }
}

impl AsyncRead for Leg {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Leg::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Leg::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Leg::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Leg {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Leg::Tcp(stream) => Pin::new(stream).poll_write(cx, data),
            Leg::Unix(stream) => Pin::new(stream).poll_write(cx, data),
            Leg::Other(stream) => Pin::new(stream).poll_write(cx, data),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // Sockets have nothing of their own to flush.
            Leg::Tcp(_) | Leg::Unix(_) => Poll::Ready(Ok(())),
            Leg::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Leg::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Leg::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Leg::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
