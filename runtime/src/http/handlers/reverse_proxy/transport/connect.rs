//! Opening connections to upstreams.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpSocket, TcpStream, UnixStream},
    time::Instant,
};

use super::super::dial::{Dial, Family};
use crate::{
    dns::Resolver,
    error::{Error, Kind},
};

/// The least that one of several addresses is given, as far as there is time at all.
const LEAST_SHARE: Duration = Duration::from_secs(2);

/// How connections are opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dialer {
    /// For all attempts together, and for looking up the name.
    pub(crate) timeout: Duration,
    /// After how long addresses of the other kind (IPv4 or IPv6) are tried at the same time; `None` tries one address
    /// after the other.
    pub(crate) fallback_delay: Option<Duration>,
    /// `None` asks the system.
    pub(crate) resolver: Option<Resolver>,
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
        self.reach(family, host, port, async |address| self.socket(address).await).await
    }

    /// Opens a connection to one of the addresses of a host.
    pub(super) async fn reach<T>(
        &self,
        family: Family,
        host: &str,
        port: u16,
        open: impl AsyncFn(SocketAddr) -> io::Result<T>,
    ) -> io::Result<T> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return open(SocketAddr::new(ip, port)).await;
        }
        let end = Instant::now().checked_add(self.timeout);
        let host = if host.is_empty() { "localhost" } else { host };
        let mut addresses = self.look_up(host, port).await?;
        let fits = |ip: IpAddr| self.local.is_none_or(|local| local.is_ipv4() == ip.is_ipv4());
        addresses.retain(|address| family.admits(address.ip()) && fits(address.ip()));
        let Some(first) = addresses.first() else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no usable address"));
        };
        let (preferred, others): (Vec<_>, Vec<_>) =
            addresses.iter().partition(|address| address.is_ipv4() == first.is_ipv4());
        match self.fallback_delay {
            Some(delay) if !others.is_empty() => race(&preferred, &others, delay, end, &open).await,
            _ => in_turn(&addresses, end, &open).await,
        }
    }

    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let Some(resolver) = &self.resolver else {
            return Ok(tokio::net::lookup_host((host, port)).await?.collect());
        };
        let mut found = if host.eq_ignore_ascii_case("localhost") {
            // Not for name servers to decide (RFC 6761, section 6.3).
            vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]
        } else {
            resolver.addresses(host, true, true).await.map_err(io::Error::other)?
        };
        found.sort_by_key(|ip: &IpAddr| ip.is_ipv4());
        Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
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

/// Tries the preferred addresses, and the others at the same time if that takes long (RFC 8305).
async fn race<T>(
    preferred: &[SocketAddr],
    others: &[SocketAddr],
    delay: Duration,
    end: Option<Instant>,
    open: &impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut first = pin!(in_turn(preferred, end, open));
    let mut second = pin!(in_turn(others, end, open));
    match tokio::time::timeout(delay, &mut first).await {
        Ok(Ok(opened)) => return Ok(opened),
        Ok(Err(error)) => return second.await.map_err(|_| error),
        Err(_) => {}
    }
    tokio::select! {
        opened = &mut first => match opened {
            Ok(opened) => Ok(opened),
            Err(error) => second.await.map_err(|_| error),
        },
        opened = &mut second => match opened {
            Ok(opened) => Ok(opened),
            Err(_) => first.await,
        },
    }
}

/// Tries one address after the other. Each has its share of the time that is left.
async fn in_turn<T>(
    addresses: &[SocketAddr],
    end: Option<Instant>,
    open: &impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failure = io::ErrorKind::NotFound.into();
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let share = end.map_or(Duration::MAX, |end| {
            let time = end.saturating_duration_since(Instant::now());
            (time / left).max(LEAST_SHARE.min(time))
        });
        left -= 1;
        match within(share, open(*address)).await {
            Ok(opened) => return Ok(opened),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Like the future, but fails when it takes too long.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(limit, future).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")),
    }
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};
    use tokio::net::TcpListener;

    use super::*;

    fn dialer(timeout: Duration) -> Dialer {
        Dialer { timeout, fallback_delay: None, resolver: None, probe_interval: None, local: None }
    }

    /// A listener whose queue is full, so that further connections hang; with what fills it.
    fn hanging() -> (SocketAddr, Socket, Vec<Socket>) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let fill = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // The answer is that it is under way.
            drop(socket.connect(&address));
            socket
        };
        let waiting = std::iter::repeat_with(fill).take(4).collect();
        (address.as_socket().unwrap(), listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_hangs_is_overtaken() {
        let (hanging, _listener, _waiting) = hanging();
        let healthy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = healthy.local_addr().unwrap();
        let dialer = dialer(Duration::from_secs(3600));
        let open = async |address| dialer.socket(address).await;
        let end = Instant::now().checked_add(dialer.timeout);
        let delay = Duration::from_millis(1);
        let stream = race(&[hanging], &[address], delay, end, &open).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_not_waited_for() {
        let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let healthy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = healthy.local_addr().unwrap();
        let dialer = dialer(Duration::from_secs(3600));
        let open = async |address| dialer.socket(address).await;
        let end = Instant::now().checked_add(dialer.timeout);
        let stream = race(&[refusing], &[address], dialer.timeout, end, &open).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert!(race(&[refusing], &[refusing], dialer.timeout, end, &open).await.is_err());
    }

    #[tokio::test]
    async fn r10_a_dial_that_takes_too_long_is_a_failed_dial() {
        let (hanging, _listener, _waiting) = hanging();
        let dialer = dialer(Duration::from_millis(20));
        let Err(error) = dialer.connect(&Dial::parse(&hanging.to_string()).unwrap()).await else {
            panic!("nobody accepts");
        };
        assert_eq!((error.kind(), error.status().as_u16()), (Kind::Dial, 502));
        assert!(error.to_string().contains("i/o timeout"), "{error}");
    }
}
