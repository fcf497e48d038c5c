//! Opening connections to upstreams.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::super::dial::{Dial, Family};
use crate::error::{Error, Kind};

/// How connections are opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dialer {
    /// For all attempts together.
    pub(crate) timeout: Duration,
    /// Time between probes of a silent connection; `None` turns them off.
    pub(crate) probe_interval: Option<Duration>,
    /// The address to connect from.
    pub(crate) local: Option<SocketAddr>,
}

/// An open connection.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Dialer {
    /// Connects. Whatever goes wrong, nothing of a request has been sent.
    pub(crate) async fn connect(&self, dial: &Dial) -> Result<Socket, Error> {
        let connecting = async {
            match dial {
                Dial::Tcp { family, host, port } => self.tcp(*family, host, *port).await.map(Socket::Tcp),
                Dial::Unix(path) => UnixStream::connect(path).await.map(Socket::Unix),
            }
        };
        let connected = within(self.timeout, connecting).await;
        connected.map_err(|error| Error::new(Kind::Dial, format!("dial {dial}")).because(error))
    }

    async fn tcp(&self, family: Family, host: &str, port: u16) -> io::Result<TcpStream> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.socket(SocketAddr::new(ip, port)).await;
        }
        let host = if host.is_empty() { "localhost" } else { host };
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no usable address");
        for address in
            tokio::net::lookup_host((host, port)).await?.filter(|address| family.admits(address.ip()))
        {
            match self.socket(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn socket(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = match self.local {
            None => TcpStream::connect(address).await?,
            Some(local) => {
                let socket = if local.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
                socket.bind(local)?;
                socket.connect(address).await?
            }
        };
        stream.set_nodelay(true)?;
        if let Some(interval) = self.probe_interval {
            let probes = TcpKeepalive::new().with_time(interval).with_interval(interval);
            SockRef::from(&stream).set_tcp_keepalive(&probes)?;
        }
        Ok(stream)
    }
}

/// Like the future, but fails when it takes too long.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(limit, future).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")),
    }
}
