//! Opens listening sockets: one per shard for TCP and UDP, one shared by all shards for unix.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};

use super::address::{Address, Network};

/// Connections that the kernel completes before a shard accepts them; the kernel caps it at `somaxconn`.
const BACKLOG: i32 = 4096;

/// Opens `count` sockets that share the connections or datagrams to one address of TCP or UDP, and says which address they got.
///
/// With `probe`, an address that another process listens on is refused, although that process may have allowed the
/// kernel to share it.
pub(crate) fn open_shared(
    address: &Address,
    count: usize,
    probe: bool,
) -> io::Result<(Vec<Socket>, SocketAddr)> {
    let mut wanted = resolve(address)?;
    if probe && wanted.port() != 0 {
        bind(address, wanted, false)?;
    }
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count.max(1) {
        let socket = bind(address, wanted, true)?;
        if !address.network.is_udp() {
            socket.listen(BACKLOG)?;
        }
        if wanted.port() == 0 {
            wanted = local(&socket)?;
        }
        sockets.push(socket);
    }
    Ok((sockets, wanted))
}

/// Opens a unix socket, whose file replaces what a dead process has left behind.
///
/// A path of which the first character is `@` is a name without a file.
pub(crate) fn open_unix(path: &str, permissions: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if let Some(name) = path.strip_prefix('@') {
        socket.bind(&SockAddr::unix(format!("\0{name}"))?)?;
        socket.listen(BACKLOG)?;
        return Ok(socket);
    }
    refuse_live_owner(path)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    socket.bind(&SockAddr::unix(path)?)?;
    permit(path, permissions)?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// Says who may connect to the socket of a file.
pub(super) fn permit(path: &str, permissions: u32) -> io::Result<()> {
    std::fs::set_permissions(Path::new(path), std::fs::Permissions::from_mode(permissions))
}

/// Caddy unlinks the file of a socket that is in use and thereby cuts its owner off; a process that answers keeps it.
fn refuse_live_owner(path: &str) -> io::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(_) => Ok(()),
    }
}

/// Applies the options that accepted connections inherit from the listening socket on Linux.
pub(super) fn configure(socket: &Socket, keepalive: &KeepAlive) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    if !keepalive.enabled {
        return socket.set_keepalive(false);
    }
    let options = TcpKeepalive::new()
        .with_time(keepalive.idle)
        .with_interval(keepalive.interval)
        .with_retries(keepalive.count);
    socket.set_tcp_keepalive(&options)
}

/// Probes of silent TCP connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepAlive {
    /// Whether there are any.
    pub enabled: bool,
    /// Silence before the first.
    pub idle: Duration,
    /// Time between two.
    pub interval: Duration,
    /// How many go unanswered before the connection is given up.
    pub count: u32,
}

impl Default for KeepAlive {
    /// Go's defaults: 15 s, 15 s, 9.
    fn default() -> Self {
        let interval = Duration::from_secs(15);
        Self { enabled: true, idle: interval, interval, count: 9 }
    }
}

fn bind(address: &Address, wanted: SocketAddr, shared: bool) -> io::Result<Socket> {
    let domain = if wanted.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
    let udp = address.network.is_udp();
    let (kind, protocol) = if udp { (Type::DGRAM, Protocol::UDP) } else { (Type::STREAM, Protocol::TCP) };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    if wanted.is_ipv6() {
        let only_v6 = matches!(address.network, Network::Tcp6 | Network::Udp6);
        socket.set_only_v6(only_v6 || !wanted.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    // For TCP this is about connections that have just ended; for UDP it would share the port with anybody.
    socket.set_reuse_address(!udp)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&wanted.into())?;
    Ok(socket)
}

fn local(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("the kernel gave no internet address"))
}

/// The address to bind. Every interface means both families where the machine has IPv6; a name means its first
/// address, IPv4 before IPv6, as in Go.
fn resolve(address: &Address) -> io::Result<SocketAddr> {
    let port = address.port;
    if address.host.is_empty() {
        let has_ipv6 = || Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)).is_ok();
        return Ok(match address.network {
            Network::Tcp4 | Network::Udp4 => (Ipv4Addr::UNSPECIFIED, port).into(),
            Network::Tcp | Network::Udp if !has_ipv6() => (Ipv4Addr::UNSPECIFIED, port).into(),
            Network::Tcp | Network::Tcp6 | Network::Udp | Network::Udp6 | Network::Unix => {
                (Ipv6Addr::UNSPECIFIED, port).into()
            }
        });
    }
    let mut found: Vec<SocketAddr> = (address.host.as_str(), port)
        .to_socket_addrs()?
        .filter(|found| match address.network {
            Network::Tcp4 | Network::Udp4 => found.is_ipv4(),
            Network::Tcp6 | Network::Udp6 => found.is_ipv6(),
            Network::Tcp | Network::Udp | Network::Unix => true,
        })
        .collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| {
        io::Error::new(io::ErrorKind::AddrNotAvailable, format!("no address found for {}", address.host))
    })
}
