//! The wrapper `proxy_protocol`: learns from a load balancer in front whose connection it really is.
//!
//! Versions 1 and 2 of <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bytes::Buf;
use caddis_config::listeners::{FallbackPolicy, ProxyProtocol as Config};
use ipnet::IpNet;

use crate::{
    build::{Build, BuildError},
    http::{connection::Plain, server::parse_range},
};

/// The longest header of version 1, with its line end.
const MAX_V1: usize = 107;
/// Longer headers of version 2 hold nothing that is of use here.
const MAX_V2: usize = 4096;
const SIGNATURE_V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Reads the header of connections.
#[derive(Debug, Clone)]
pub(crate) struct ProxyProtocol {
    timeout: Option<Duration>,
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
    fallback: FallbackPolicy,
}

/// Client and server as the header tells them; `None` when it tells of the connection itself.
pub(crate) type Ends = Option<(SocketAddr, SocketAddr)>;

impl ProxyProtocol {
    /// # Errors
    /// When a range is none.
    pub(crate) fn build(config: &Config, cx: &Build) -> Result<Self, BuildError> {
        let ranges = |list: &[String]| -> Result<Vec<IpNet>, BuildError> {
            let parse = |text: &String| {
                parse_range(text).ok_or_else(|| cx.error(format!("'{text}' is no CIDR range")))
            };
            list.iter().map(parse).collect()
        };
        Ok(Self {
            timeout: config.timeout.to_std().filter(|timeout| !timeout.is_zero()),
            allow: ranges(&config.allow)?,
            deny: ranges(&config.deny)?,
            fallback: config.fallback_policy,
        })
    }

    /// Takes the header off the connection and says whom it names, if the peer is believed.
    ///
    /// # Errors
    /// When the header is broken, missing, or not allowed.
    pub(crate) async fn read(&self, plain: &mut Plain, peer: Option<IpAddr>) -> io::Result<Ends> {
        let policy = self.policy(peer);
        if policy == FallbackPolicy::Skip {
            return Ok(None);
        }
        let look = plain.look_ahead(MAX_V2, parse);
        let found = match self.timeout {
            Some(timeout) => tokio::time::timeout(timeout, look)
                .await
                .map_err(|_| refused("no PROXY header in time"))??,
            None => look.await?,
        };
        match (found, policy) {
            (None | Some(Parsed::Other), FallbackPolicy::Require) => Err(refused("no PROXY header")),
            (None | Some(Parsed::Other), _) => Ok(None),
            (Some(Parsed::Broken), _) => Err(refused("broken PROXY header")),
            (Some(Parsed::Header(..)), FallbackPolicy::Reject) => {
                Err(refused("PROXY header from a peer that may not send it"))
            }
            (Some(Parsed::Header(length, ends)), policy) => {
                plain.prefix.advance(length);
                Ok(ends.filter(|_| policy != FallbackPolicy::Ignore))
            }
        }
    }

    fn policy(&self, peer: Option<IpAddr>) -> FallbackPolicy {
        let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return FallbackPolicy::Use };
        let within = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(&peer));
        match () {
            () if within(&self.deny) => FallbackPolicy::Reject,
            () if within(&self.allow) => FallbackPolicy::Use,
            () => self.fallback,
        }
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What a connection begins with.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// A header of this length.
    Header(usize, Ends),
    /// Something else.
    Other,
    /// A header that makes no sense.
    Broken,
}

/// `None` while too little has come to tell.
fn parse(seen: &[u8]) -> Option<Parsed> {
    let begins = |signature: &[u8]| {
        let common = seen.len().min(signature.len());
        seen[..common] == signature[..common]
    };
    if begins(SIGNATURE_V2) {
        return parse_v2(seen);
    }
    if !begins(b"PROXY ") {
        return Some(Parsed::Other);
    }
    let window = &seen[..seen.len().min(MAX_V1)];
    match window.windows(2).position(|end| end == b"\r\n") {
        Some(end) => {
            Some(parse_v1(&window[..end]).map_or(Parsed::Broken, |ends| Parsed::Header(end + 2, ends)))
        }
        None if seen.len() >= MAX_V1 => Some(Parsed::Broken),
        None => None,
    }
}

fn parse_v1(line: &[u8]) -> Option<Ends> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ').skip(1);
    match words.next()? {
        "UNKNOWN" => return Some(None),
        "TCP4" | "TCP6" => {}
        _ => return None,
    }
    let (source, destination): (IpAddr, IpAddr) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (from, to): (u16, u16) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some(Some((SocketAddr::new(source, from), SocketAddr::new(destination, to))))
}

fn parse_v2(seen: &[u8]) -> Option<Parsed> {
    let (version, family) = (*seen.get(12)?, *seen.get(13)?);
    let length = usize::from(u16::from_be_bytes([*seen.get(14)?, *seen.get(15)?]));
    if version >> 4 != 2 || 16 + length > MAX_V2 {
        return Some(Parsed::Broken);
    }
    let body = seen.get(16..16 + length)?;
    let ends = match (version & 0x0f, family) {
        (0, _) => Some(None),
        (1, 0x11) => ends_v2::<4>(body, |octets| Ipv4Addr::from(octets).into()).map(Some),
        (1, 0x21) => ends_v2::<16>(body, |octets| Ipv6Addr::from(octets).into()).map(Some),
        (1, _) => Some(None),
        _ => None,
    };
    Some(ends.map_or(Parsed::Broken, |ends| Parsed::Header(16 + length, ends)))
}

fn ends_v2<const N: usize>(
    body: &[u8],
    address: impl Fn([u8; N]) -> IpAddr,
) -> Option<(SocketAddr, SocketAddr)> {
    let (source, rest) = body.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (ports, _) = rest.split_first_chunk::<4>()?;
    let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
    Some((SocketAddr::new(address(*source), port(0)), SocketAddr::new(address(*destination), port(2))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(source: &str, destination: &str) -> Ends {
        Some((source.parse().unwrap(), destination.parse().unwrap()))
    }

    #[test]
    fn version_1_is_a_line() {
        let line = b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\nGET /";
        assert_eq!(parse(line), Some(Parsed::Header(44, ends("192.0.2.1:4711", "198.51.100.1:443"))));
        assert_eq!(parse(&line[..20]), None);
        assert_eq!(parse(b"PROXY UNKNOWN\r\n"), Some(Parsed::Header(15, None)));
        assert_eq!(parse(b"PROXY TCP4 192.0.2.1\r\n"), Some(Parsed::Broken));
        assert_eq!(parse(&[b"PROXY ".as_slice(), &[b'x'; 200]].concat()), Some(Parsed::Broken));
    }

    #[test]
    fn version_2_is_binary() {
        let mut header = SIGNATURE_V2.to_vec();
        header.extend([0x21, 0x11, 0, 15, 192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 1, 0xbb, 4, 0, 0]);
        assert_eq!(parse(&header), Some(Parsed::Header(31, ends("192.0.2.1:4711", "198.51.100.1:443"))));
        assert_eq!(parse(&header[..30]), None);
        header[12] = 0x20;
        assert_eq!(parse(&header), Some(Parsed::Header(31, None)), "a health check of the balancer");
        header[12] = 0x31;
        assert_eq!(parse(&header), Some(Parsed::Broken));
    }

    #[test]
    fn anything_else_is_left_alone() {
        assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Some(Parsed::Other));
        assert_eq!(parse(b"P"), None);
        assert_eq!(parse(b"POST"), Some(Parsed::Other));
    }

    #[test]
    fn deny_wins_over_allow() {
        let config = Config {
            allow: vec!["10.0.0.0/8".into()],
            deny: vec!["10.1.0.0/16".into()],
            ..Config::default()
        };
        let wrapper = ProxyProtocol::build(&config, &crate::testing::build()).unwrap();
        let policy = |peer: &str| wrapper.policy(Some(peer.parse().unwrap()));
        assert_eq!(policy("10.2.3.4"), FallbackPolicy::Use);
        assert_eq!(policy("10.1.3.4"), FallbackPolicy::Reject);
        assert_eq!(policy("192.0.2.1"), FallbackPolicy::Ignore);
        assert_eq!(wrapper.policy(None), FallbackPolicy::Use);
    }
}
