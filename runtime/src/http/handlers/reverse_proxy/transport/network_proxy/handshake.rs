//! What is said to a proxy so that it opens a tunnel to an upstream.

use std::{io, net::IpAddr};

use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::http::handlers::reverse_proxy::dial::Dial;

/// The longest answer of a proxy, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Asks a proxy of HTTP for a tunnel (RFC 9110, section 9.3.6).
///
/// # Errors
/// When it refuses; its status is part of the message.
pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    dial: &Dial,
    authorization: Option<&HeaderValue>,
) -> io::Result<()> {
    let target = dial.hostport();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(value) = authorization {
        request.extend([b"Proxy-Authorization: ", value.as_bytes(), b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    stream.write_all(&request).await?;
    stream.flush().await?;
    // Byte by byte, because what follows the head belongs to the upstream.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    match line.strip_prefix("HTTP/1.").and_then(|line| line.get(1..)) {
        Some(status) if status.starts_with(" 2") => Ok(()),
        Some(status) => Err(io::Error::other(format!("the proxy answers{status}"))),
        None => Err(io::Error::other("the proxy does not answer with HTTP")),
    }
}

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks a proxy of SOCKS 5 for a tunnel (RFC 1928), with a password if there is one (RFC 1929).
///
/// # Errors
/// When it refuses.
pub(super) async fn socks5<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    dial: &Dial,
    credentials: Option<&(String, String)>,
) -> io::Result<()> {
    let methods: &[u8] =
        if credentials.is_some() { &[NO_AUTHENTICATION, PASSWORD] } else { &[NO_AUTHENTICATION] };
    stream.write_all(&[&[VERSION], counted(methods)?.as_slice()].concat()).await?;
    stream.flush().await?;
    let [version, method] = read(stream).await?;
    if version != VERSION {
        return Err(io::Error::other("the proxy does not speak SOCKS 5"));
    }
    match (method, credentials) {
        (NO_AUTHENTICATION, _) => {}
        (PASSWORD, Some((name, password))) => {
            let parts = [&[PASSWORD_VERSION][..], &counted(name.as_bytes())?, &counted(password.as_bytes())?];
            stream.write_all(&parts.concat()).await?;
            stream.flush().await?;
            let [_, refused] = read(stream).await?;
            if refused != 0 {
                return Err(io::Error::other("the proxy refuses the name and the password"));
            }
        }
        _ => return Err(io::Error::other("the proxy wants another authentication than there is")),
    }
    let address = match dial.host().parse() {
        Ok(IpAddr::V4(ip)) => [&[IPV4][..], &ip.octets()].concat(),
        Ok(IpAddr::V6(ip)) => [&[IPV6][..], &ip.octets()].concat(),
        Err(_) => [&[NAME][..], &counted(dial.host().as_bytes())?].concat(),
    };
    let request = [&[VERSION, CONNECT, 0][..], &address, &dial.port().to_be_bytes()].concat();
    stream.write_all(&request).await?;
    stream.flush().await?;
    let [_, reply, _, kind] = read(stream).await?;
    if reply != 0 {
        return Err(io::Error::other(format!("the proxy answers: {}", meaning(reply))));
    }
    // The address that the proxy connects from is of no interest, but it has to be read.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        _ => usize::from(stream.read_u8().await?),
    };
    stream.read_exact(&mut vec![0; length + 2]).await?;
    Ok(())
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Bytes with their number before them.
fn counted(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let count = u8::try_from(bytes.len())
        .map_err(|_| io::Error::other("SOCKS has no room for more than 255 bytes"))?;
    Ok([&[count], bytes].concat())
}

/// The replies of RFC 1928, section 6.
fn meaning(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "connection not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "kind of address not supported",
        _ => "unknown failure",
    }
}
