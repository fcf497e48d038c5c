//! Caddy's network addresses: `network/host:port-range`, `unix/path|permissions`, every part optional.

use std::fmt;

use caddis_config::value::NetworkAddress;

/// The kinds of sockets that can be listened on. Those of UDP are beside those of TCP, for HTTP/3; no configuration names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// IPv4 and IPv6.
    Tcp,
    /// IPv4 only.
    Tcp4,
    /// IPv6 only.
    Tcp6,
    /// UDP over IPv4 and IPv6.
    Udp,
    /// UDP over IPv4.
    Udp4,
    /// UDP over IPv6.
    Udp6,
    /// A unix domain stream socket.
    Unix,
}

impl Network {
    /// Whether what comes is datagrams.
    #[must_use]
    pub fn is_udp(self) -> bool {
        matches!(self, Network::Udp | Network::Udp4 | Network::Udp6)
    }
}

/// Exactly one socket. Two addresses that compare equal are served by the same socket across reloads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What kind of socket.
    pub network: Network,
    /// A name, an IP address, or the empty string for every interface; the path of a unix socket.
    pub host: String,
    /// 0 lets the kernel choose; always 0 for unix sockets.
    pub port: u16,
}

/// What one string of a `listen` list stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// One socket for each port of the range.
    pub addresses: Vec<Address>,
    /// Permissions of the socket file, for unix sockets; by default only its owner writes.
    pub permissions: u32,
}

/// Why an address cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid listener address '{address}': {reason}")]
pub struct AddressError {
    address: String,
    reason: String,
    /// Whether Caddy listens there.
    pub unsupported: bool,
}

impl Listen {
    /// Reads a network address. `default_port` stands in for a missing port.
    ///
    /// # Errors
    /// When the text is no address, or names a network that this server does not listen on.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, AddressError> {
        let error = |reason: String| AddressError { address: text.to_owned(), reason, unsupported: false };
        let parsed = NetworkAddress::parse_with_defaults(text, "tcp", default_port).map_err(error)?;
        let network = match parsed.network.as_str() {
            "tcp" => Network::Tcp,
            "tcp4" => Network::Tcp4,
            "tcp6" => Network::Tcp6,
            "unix" => Network::Unix,
            other => {
                let reason = format!("network {other} is not supported by this server yet");
                return Err(AddressError { unsupported: true, ..error(reason) });
            }
        };
        if network == Network::Unix {
            let (path, permissions) = parsed.unix_socket().map_err(error)?;
            if path.is_empty() {
                return Err(error("a unix socket needs a path".to_owned()));
            }
            let address = Address { network, host: path.to_owned(), port: 0 };
            return Ok(Self { addresses: vec![address], permissions: permissions & 0o777 });
        }
        let host = parsed.host.to_ascii_lowercase();
        let ports = parsed.start_port..=parsed.end_port;
        let addresses = ports.map(|port| Address { network, host: host.clone(), port }).collect();
        Ok(Self { addresses, permissions: 0 })
    }
}

impl Address {
    /// The same address for datagrams; `None` for unix sockets, of which one file cannot be both.
    #[must_use]
    pub fn for_datagrams(&self) -> Option<Self> {
        let network = match self.network {
            Network::Tcp | Network::Udp => Network::Udp,
            Network::Tcp4 | Network::Udp4 => Network::Udp4,
            Network::Tcp6 | Network::Udp6 => Network::Udp6,
            Network::Unix => return None,
        };
        Some(Self { network, ..self.clone() })
    }

    /// The address without its network.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.network {
            Network::Tcp => "",
            Network::Tcp4 => "tcp4/",
            Network::Tcp6 => "tcp6/",
            Network::Udp => "udp/",
            Network::Udp4 => "udp4/",
            Network::Udp6 => "udp6/",
            Network::Unix => return write!(f, "unix/{}", self.host),
        };
        write!(f, "{prefix}{}", self.host_and_port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        Listen::parse(text, 0).unwrap().addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_part_is_optional() {
        assert_eq!(shown(":80"), [":80"]);
        assert_eq!(shown("localhost"), ["localhost:0"]);
        assert_eq!(shown("TCP4/127.0.0.1:80"), ["tcp4/127.0.0.1:80"]);
        assert_eq!(shown("[::1]:80"), ["[::1]:80"]);
        assert_eq!(shown("::1"), ["[::1]:0"]);
        assert_eq!(Listen::parse("example", 443).unwrap().addresses[0].port, 443);
    }

    #[test]
    fn a_range_is_one_socket_per_port() {
        assert_eq!(shown(":8080-8082"), [":8080", ":8081", ":8082"]);
        assert!(Listen::parse(":9-8", 0).unwrap_err().to_string().contains("end port"));
        assert!(Listen::parse(":99999", 0).is_err());
    }

    #[test]
    fn unix_sockets_carry_permissions() {
        let listen = Listen::parse("unix//run/a.sock|0222", 0).unwrap();
        assert_eq!((listen.addresses[0].host.as_str(), listen.permissions), ("/run/a.sock", 0o222));
        assert_eq!(Listen::parse("unix/@abstract", 0).unwrap().permissions, 0o200);
        assert!(Listen::parse("unix//run/a.sock|0422", 0).unwrap_err().to_string().contains("-w-"));
    }

    #[test]
    fn other_networks_are_refused_by_name() {
        assert!(Listen::parse("udp/:53", 0).unwrap_err().to_string().contains("network udp"));
        assert!(Listen::parse("fd/3", 0).unwrap_err().to_string().contains("network fd"));
    }
}
