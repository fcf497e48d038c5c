//! What HTTP is spoken over, on the way to an upstream.

use tokio::{
    io::{AsyncRead, AsyncWrite, BufStream},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

use super::{limits::Limited, network_proxy::Way};
use crate::tunnel::Leg;

/// A byte stream that can become one side of a tunnel.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sized + 'static {
    fn into_leg(self) -> Leg {
        Leg::Other(Box::new(self))
    }
}

impl Wire for TcpStream {
    fn into_leg(self) -> Leg {
        Leg::Tcp(self)
    }
}

impl Wire for UnixStream {
    fn into_leg(self) -> Leg {
        Leg::Unix(self)
    }
}

impl Wire for Way {}

impl<S: Wire> Wire for Limited<S> {}

impl<S: Wire> Wire for TlsStream<S> {}

impl<S: Wire> Wire for BufStream<S> {}
