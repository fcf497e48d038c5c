//! Caddy's network addresses: `network/host:port-range`, `unix/path|permissions`, every part optional.

use std::fmt;

/// The kinds of stream sockets that can be listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// IPv4 and IPv6.
    Tcp,
    /// IPv4 only.
    Tcp4,
    /// IPv6 only.
    Tcp6,
    /// A unix domain stream socket.
    Unix,
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

/// Permissions of a unix socket's file when its address names none: write for the owner, as in Caddy.
pub const DEFAULT_PERMISSIONS: u32 = 0o200;

/// What one string of a `listen` list stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// One socket for each port of the range.
    pub addresses: Vec<Address>,
    /// Permissions of the socket file, for unix sockets.
    pub permissions: u32,
}

/// Why an address cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid listener address '{address}': {reason}")]
pub struct AddressError {
    address: String,
    reason: String,
}

impl Listen {
    /// Reads a network address. `default_port` stands in for a missing port.
    ///
    /// # Errors
    /// When the text is no address, or names a network that has no streams.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, AddressError> {
        parse(text, default_port).map_err(|reason| AddressError { address: text.to_owned(), reason })
    }
}

fn parse(text: &str, default_port: u16) -> Result<Listen, String> {
    let (network, rest) = match text.split_once('/') {
        Some((network, rest)) => (network.trim().to_ascii_lowercase(), rest),
        None => ("tcp".to_owned(), text),
    };
    let network = match network.as_str() {
        "" | "tcp" => Network::Tcp,
        "tcp4" => Network::Tcp4,
        "tcp6" => Network::Tcp6,
        "unix" => return parse_unix(rest),
        other => return Err(format!("network {other} is not supported by this server yet")),
    };
    let (host, port) = split_host_port(rest)?;
    let (first, last) = parse_range(port, default_port)?;
    let addresses =
        (first..=last).map(|port| Address { network, host: host.to_ascii_lowercase(), port }).collect();
    Ok(Listen { addresses, permissions: DEFAULT_PERMISSIONS })
}

fn parse_unix(rest: &str) -> Result<Listen, String> {
    let (path, permissions) = match rest.split_once('|') {
        None => (rest, DEFAULT_PERMISSIONS),
        Some((path, octal)) => {
            let bits = u32::from_str_radix(octal, 8)
                .map_err(|error| format!("could not parse octal permission bits in {rest}: {error}"))?;
            if bits & 0o200 == 0 {
                return Err(format!(
                    "owner of the socket requires '-w-' (write, octal: '2') permissions at least; got '{octal}'"
                ));
            }
            (path, bits & 0o777)
        }
    };
    if path.is_empty() {
        return Err("a unix socket needs a path".to_owned());
    }
    let address = Address { network: Network::Unix, host: path.to_owned(), port: 0 };
    Ok(Listen { addresses: vec![address], permissions })
}

/// Splits at the last colon outside of brackets; the port may be missing.
fn split_host_port(text: &str) -> Result<(&str, &str), String> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or("missing ']' in address")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err(format!("unexpected '{rest}' after ']'")),
        };
    }
    match text.split_once(':') {
        None => Ok((text, "")),
        Some((_, port)) if port.contains(':') => Ok((text, "")),
        Some(parts) => Ok(parts),
    }
}

fn parse_range(text: &str, default_port: u16) -> Result<(u16, u16), String> {
    if text.is_empty() {
        return Ok((default_port, default_port));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |which: &str, digits: &str| {
        digits.parse::<u16>().map_err(|error| format!("invalid {which} port '{digits}': {error}"))
    };
    let (first, last) = (number("start", first)?, number("end", last)?);
    if last < first {
        return Err("end port must not be less than start port".to_owned());
    }
    Ok((first, last))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.network {
            Network::Tcp => "",
            Network::Tcp4 => "tcp4/",
            Network::Tcp6 => "tcp6/",
            Network::Unix => return write!(f, "unix/{}", self.host),
        };
        if self.host.contains(':') {
            write!(f, "{prefix}[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{prefix}{}:{}", self.host, self.port)
        }
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
        assert_eq!(Listen::parse("unix/@abstract", 0).unwrap().permissions, DEFAULT_PERMISSIONS);
        assert!(Listen::parse("unix//run/a.sock|0422", 0).unwrap_err().to_string().contains("-w-"));
    }

    #[test]
    fn other_networks_are_refused_by_name() {
        assert!(Listen::parse("udp/:53", 0).unwrap_err().to_string().contains("network udp"));
        assert!(Listen::parse("fd/3", 0).unwrap_err().to_string().contains("network fd"));
    }
}
