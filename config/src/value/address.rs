//! Network addresses: `network/host:port`, where the port may be a range.

use std::fmt;

use crate::go::host_port;
use crate::go::number::parse_uint;

/// An address to listen on or to dial. For Unix sockets and descriptors the host is the path or number, and there
/// are no ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkAddress {
    /// `tcp`, `tcp4`, `tcp6`, `udp`, …, `unix`, `unixgram`, `unixpacket`, `fd`, `fdgram`.
    pub network: String,
    /// A name or an IP address without brackets; empty is every interface. A Unix path may end in `|0222`.
    pub host: String,
    /// First port.
    pub start_port: u16,
    /// Last port; not below the first.
    pub end_port: u16,
}

/// Parts of an address that are not checked further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressParts {
    /// In lower case; empty if not given.
    pub network: String,
    /// Without brackets.
    pub host: String,
    /// A port, a range or a placeholder; empty if not given.
    pub port: String,
}

impl NetworkAddress {
    /// Reads an address; the network is `tcp` and the port 0 unless given.
    ///
    /// # Errors
    /// Caddy's text, such as `invalid start port: …`.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::parse_with_defaults(text, "tcp", 0)
    }

    /// Reads an address with another default network and port.
    ///
    /// # Errors
    /// As [`NetworkAddress::parse`].
    pub fn parse_with_defaults(text: &str, network: &str, port: u16) -> Result<Self, String> {
        let parts = AddressParts::split(text)?;
        let network = if parts.network.is_empty() { network.to_owned() } else { parts.network };
        if is_unix(&network) {
            socket_permissions(&parts.host)?;
        }
        if is_unix(&network) || is_fd(&network) {
            return Ok(Self { network, host: parts.host, start_port: 0, end_port: 0 });
        }
        let (start_port, end_port) =
            if parts.port.is_empty() { (port, port) } else { port_range(&parts.port)? };
        Ok(Self { network, host: parts.host, start_port, end_port })
    }

    /// Whether it is a Unix socket.
    pub fn is_unix(&self) -> bool {
        is_unix(&self.network)
    }

    /// Whether it is an inherited descriptor.
    pub fn is_fd(&self) -> bool {
        is_fd(&self.network)
    }

    /// Whether it is UDP or another network of datagrams.
    pub fn is_datagram(&self) -> bool {
        self.network.starts_with("udp") || self.network.starts_with("ip") || self.network.ends_with("gram")
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        let is_loopback_ip = || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.is_unix() || self.is_fd() || self.host == "localhost" || is_loopback_ip()
    }

    /// Whether it is every interface.
    pub fn is_wildcard(&self) -> bool {
        self.host.is_empty() || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_unspecified())
    }

    /// One address for each port.
    pub fn expand(&self) -> impl Iterator<Item = Self> {
        (self.start_port..=self.end_port).map(|port| Self {
            start_port: port,
            end_port: port,
            ..self.clone()
        })
    }

    /// Path and permissions of a Unix socket; the permissions are 0200 unless given.
    ///
    /// # Errors
    /// Permissions that are no octal number or do not let the owner write.
    pub fn unix_socket(&self) -> Result<(&str, u32), String> {
        socket_permissions(&self.host)
    }

    fn port(&self) -> String {
        if self.start_port == self.end_port {
            return self.start_port.to_string();
        }
        format!("{}-{}", self.start_port, self.end_port)
    }
}

/// `host:port`, with the network in front unless it is TCP.
impl fmt::Display for NetworkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = if self.network == "tcp" { "" } else { &self.network };
        f.write_str(&join(network, &self.host, &self.port()))
    }
}

impl AddressParts {
    /// Takes `network/host:port` apart.
    ///
    /// # Errors
    /// The texts of Go's `net.SplitHostPort`, on two lines if neither with nor without a port it is an address.
    pub fn split(text: &str) -> Result<Self, String> {
        let (network, rest) = match text.split_once('/') {
            Some((network, rest)) => (network.trim().to_lowercase(), rest),
            None => (String::new(), text),
        };
        if is_unix(&network) || is_fd(&network) {
            return Ok(Self { network, host: rest.to_owned(), port: String::new() });
        }
        match host_port::split(rest) {
            Ok((host, port)) => Ok(Self { network, host: host.to_owned(), port: port.to_owned() }),
            Err(first) => {
                // A missing port is the usual reason: try again with one.
                let with_port = host_port::join(rest.trim_matches(['[', ']']), "0");
                let (host, _) =
                    host_port::split(&with_port).map_err(|second| format!("{first}\n{second}"))?;
                Ok(Self { network, host: host.to_owned(), port: String::new() })
            }
        }
    }
}

/// Puts an address together: the reverse of [`AddressParts::split`].
pub fn join(network: &str, host: &str, port: &str) -> String {
    let prefix = if network.is_empty() { String::new() } else { format!("{network}/") };
    if (!host.is_empty() && port.is_empty()) || is_unix(network) || is_fd(network) {
        return prefix + host;
    }
    if port.is_empty() { prefix } else { prefix + &host_port::join(host, port) }
}

/// Whether a network is one of Unix sockets.
pub fn is_unix(network: &str) -> bool {
    network.starts_with("unix")
}

/// Whether a network is one of inherited descriptors.
pub fn is_fd(network: &str) -> bool {
    network.starts_with("fd")
}

fn port_range(text: &str) -> Result<(u16, u16), String> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str, which: &str| {
        let port = parse_uint(text, 10, 16).map_err(|error| format!("invalid {which} port: {error}"))?;
        Ok::<_, String>(u16::try_from(port).expect("parsed with 16 bits"))
    };
    let (start, end) = (port(start, "start")?, port(end, "end")?);
    if end < start {
        return Err("end port must not be less than start port".to_owned());
    }
    Ok((start, end))
}

fn socket_permissions(host: &str) -> Result<(&str, u32), String> {
    const OWNER_WRITES: u64 = 0o200;
    let Some((path, bits)) = host.split_once('|') else { return Ok((host, 0o200)) };
    let mode = parse_uint(bits, 8, 32)
        .map_err(|error| format!("could not parse octal permission bits in {host}: {error}"))?;
    if mode & OWNER_WRITES == 0 {
        let owner = [(0o400, 'r'), (0o200, 'w'), (0o100, 'x')];
        let owner: String =
            owner.map(|(bit, char)| if mode & bit == 0 { '-' } else { char }).iter().collect();
        return Err(format!(
            "owner of the socket requires '-w-' (write, octal: '2') permissions at least; got '{owner}' in {host}"
        ));
    }
    Ok((path, u32::try_from(mode).expect("parsed with 32 bits")))
}

#[cfg(test)]
mod tests;
