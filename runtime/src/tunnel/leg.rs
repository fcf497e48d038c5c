//! One side of a tunnel: a bare socket where it can be had, else whatever the connection runs over.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};

use crate::http::connection::{Socket, Stream as ClientStream, read_from, write_to};

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
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

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
    /// A client's connection, of which `read` was read too far.
    pub(crate) fn from_client(stream: ClientStream, read: Bytes) -> (Self, Bytes) {
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

read_from!(Leg, this => Self::Tcp(stream) => stream, Self::Unix(stream) => stream, Self::Other(stream) => stream);
write_to!(Leg, this => Self::Tcp(stream) => stream, Self::Unix(stream) => stream, Self::Other(stream) => stream);
