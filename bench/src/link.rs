//! How clients reach a proxy: plainly, over TLS, or over streams of HTTP/2.

use std::{
    convert::Infallible,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use http::{Method, Request, StatusCode, Version};
use http_body_util::{Empty, Full};
use hyper::{
    body::{Body, Bytes},
    client::conn::http2,
    ext::Protocol,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::origin::head_end;

/// The name in the certificate of every proxy.
pub(crate) const HOST: &str = "localhost";

/// What lies between clients and a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// HTTP/1.1 over TCP.
    Plain,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS, where upgrades are extended CONNECT (RFC 8441).
    Http2,
}

/// Both directions of a connection or stream.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Streams that share a connection of HTTP/2: fewer than any proxy allows by default.
const SHARED_BY: usize = 50;

/// The certificate that all proxies show and all clients trust.
#[derive(Debug)]
struct Made {
    certificate: String,
    key: String,
    clients: RootCertStore,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a key can be made");
        let mut clients = RootCertStore::empty();
        clients.add(made.cert.der().clone()).expect("the certificate is well formed");
        Made { certificate: made.cert.pem(), key: made.signing_key.serialize_pem(), clients }
    })
}

/// The files of a certificate, of its key, and of both, which HAProxy wants.
pub(crate) type Identity = [PathBuf; 3];

/// Writes the files to a folder.
pub(crate) fn write_identity(folder: &Path) -> io::Result<Identity> {
    let Made { certificate, key, .. } = made();
    let files = ["certificate.pem", "key.pem", "both.pem"].map(|name| folder.join(name));
    let contents = [certificate, key, &format!("{certificate}{key}")];
    for (file, content) in files.iter().zip(contents) {
        fs::write(file, content)?;
    }
    Ok(files)
}

/// What clients that speak a protocol trust.
pub(crate) fn client_config(protocol: &[u8]) -> ClientConfig {
    let mut config =
        ClientConfig::builder().with_root_certificates(made().clients.clone()).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

async fn tls(target: SocketAddr, protocol: &[u8]) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let name = HOST.try_into().map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(client_config(protocol))).connect(name, stream).await
}

/// Opens a connection for requests of HTTP/1.1.
pub(crate) async fn connect(target: SocketAddr, link: Link) -> io::Result<Box<dyn Duplex>> {
    match link {
        Link::Plain => {
            let stream = TcpStream::connect(target).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Link::Tls => Ok(Box::new(tls(target, b"http/1.1").await?)),
        Link::Http2 => Err(io::Error::other("HTTP/2 has connections of its own")),
    }
}

/// Opens a connection for requests of HTTP/2.
pub(crate) async fn connect_h2(target: SocketAddr) -> io::Result<http2::SendRequest<Full<Bytes>>> {
    http2(target).await
}

async fn http2<B>(target: SocketAddr) -> io::Result<http2::SendRequest<B>>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let stream = TokioIo::new(tls(target, b"h2").await?);
    let handshake = http2::handshake(TokioExecutor::new(), stream).await;
    let (sender, connection) = handshake.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Opens `count` upgraded connections or streams on a path.
pub(crate) async fn upgraded(
    target: SocketAddr,
    link: Link,
    path: &str,
    count: usize,
) -> io::Result<Vec<Box<dyn Duplex>>> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        match link {
            Link::Plain | Link::Tls => streams.push(upgrade(connect(target, link).await?, path).await?),
            Link::Http2 => {
                extended_connect(target, path, SHARED_BY.min(count - streams.len()), &mut streams).await?;
            }
        }
    }
    Ok(streams)
}

async fn upgrade(mut stream: Box<dyn Duplex>, path: &str) -> io::Result<Box<dyn Duplex>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: stress-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while head_end(&head).is_none() {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if head.starts_with(b"HTTP/1.1 101") { Ok(stream) } else { Err(io::Error::other("not a 101")) }
}

/// Opens `count` streams on one connection.
async fn extended_connect(
    target: SocketAddr,
    path: &str,
    count: usize,
    streams: &mut Vec<Box<dyn Duplex>>,
) -> io::Result<()> {
    let mut sender = http2::<Empty<Bytes>>(target).await?;
    for _ in 0..count {
        sender.ready().await.map_err(io::Error::other)?;
        let mut request = Request::new(Empty::new());
        *request.method_mut() = Method::CONNECT;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = format!("https://{HOST}{path}").parse().map_err(io::Error::other)?;
        request.headers_mut().insert("sec-websocket-version", http::HeaderValue::from_static("13"));
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        if response.status() != StatusCode::OK {
            return Err(io::Error::other(format!("not a 200 but a {}", response.status())));
        }
        let stream = hyper::upgrade::on(response).await.map_err(io::Error::other)?;
        streams.push(Box::new(TokioIo::new(stream)));
    }
    Ok(())
}

/// A binary message of a WebSocket, `size` bytes with its header (RFC 6455, section 5.2). Its mask is zero, so that what
/// comes back is the same. From 6 bytes to 64 KiB.
pub(crate) fn message(size: usize) -> Vec<u8> {
    const FINAL_BINARY: u8 = 0x82;
    const MASKED: u8 = 0x80;
    let mut message = match size {
        ..132 => vec![FINAL_BINARY, MASKED | (size - 6) as u8],
        _ => [&[FINAL_BINARY, MASKED | 126][..], &((size - 8) as u16).to_be_bytes()].concat(),
    };
    message.extend([0; 4]);
    message.extend((message.len()..size).map(|at| b'a' + (at % 26) as u8));
    message
}
