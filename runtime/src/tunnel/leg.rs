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

use crate::http::connection::{Socket, Stream as ClientStream, Watched, read_from, write_to};

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
    /// Takes a connection out of the hands of the HTTP library, with the bytes that it had read too far.
    #[must_use]
    pub fn from_upgraded(upgraded: Upgraded) -> (Self, Bytes) {
        match upgraded.downcast::<TokioIo<Watched>>() {
            Ok(parts) => Self::from_client(parts.io.into_inner().into_stream(), parts.read_buf),
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

read_from!(Leg, this => Self::Tcp(stream) => stream, Self::Unix(stream) => stream, Self::Other(stream) => stream);
write_to!(Leg, this => Self::Tcp(stream) => stream, Self::Unix(stream) => stream, Self::Other(stream) => stream);
