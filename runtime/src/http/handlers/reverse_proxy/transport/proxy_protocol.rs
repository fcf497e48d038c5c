//! Telling an upstream who the client is, ahead of everything else (the PROXY protocol, versions 1 and 2). The client
//! is named without a port and as going to the unspecified address, as Caddy does.

use std::{io, net::IpAddr};

use tokio::io::{AsyncWrite, AsyncWriteExt};

const V2_SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2; the sender speaks for itself.
const V2_LOCAL: u8 = 0x20;
/// Version 2; the sender speaks for a client.
const V2_PROXY: u8 = 0x21;

/// Which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyProtocol {
    V1,
    V2,
}

impl ProxyProtocol {
    pub(super) async fn announce(
        self,
        socket: &mut (impl AsyncWrite + Unpin),
        client: Option<IpAddr>,
    ) -> io::Result<()> {
        socket.write_all(&self.header(client)).await
    }

    fn header(self, client: Option<IpAddr>) -> Vec<u8> {
        match (self, client) {
            (Self::V1, None) => b"PROXY UNKNOWN\r\n".to_vec(),
            (Self::V1, Some(IpAddr::V4(ip))) => format!("PROXY TCP4 {ip} 0.0.0.0 0 0\r\n").into_bytes(),
            (Self::V1, Some(IpAddr::V6(ip))) => format!("PROXY TCP6 {ip} :: 0 0\r\n").into_bytes(),
            (Self::V2, None) => [&V2_SIGNATURE[..], &[V2_LOCAL, 0, 0, 0]].concat(),
            (Self::V2, Some(IpAddr::V4(ip))) => {
                [&V2_SIGNATURE[..], &[V2_PROXY, 0x11, 0, 12], &ip.octets(), &[0; 8]].concat()
            }
            (Self::V2, Some(IpAddr::V6(ip))) => {
                [&V2_SIGNATURE[..], &[V2_PROXY, 0x21, 0, 36], &ip.octets(), &[0; 20]].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ProxyProtocol::{V1, V2};

    #[test]
    fn version_1_is_a_line() {
        assert_eq!(V1.header(Some("192.0.2.1".parse().unwrap())), b"PROXY TCP4 192.0.2.1 0.0.0.0 0 0\r\n");
        assert_eq!(V1.header(Some("2001:db8::1".parse().unwrap())), b"PROXY TCP6 2001:db8::1 :: 0 0\r\n");
        assert_eq!(V1.header(None), b"PROXY UNKNOWN\r\n");
    }

    #[test]
    fn version_2_is_as_long_as_it_says() {
        for (client, family, length) in [("192.0.2.1", 0x11, 12), ("2001:db8::1", 0x21, 36)] {
            let header = V2.header(Some(client.parse().unwrap()));
            assert_eq!(header[..12], *b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a");
            assert_eq!(header[12..16], [0x21, family, 0, length]);
            assert_eq!(header.len(), 16 + usize::from(length));
        }
        assert_eq!(
            V2.header(Some("192.0.2.1".parse().unwrap()))[16..],
            [192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(V2.header(None).len(), 16);
    }
}
