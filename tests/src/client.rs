//! Clients for scenarios: requests over real connections, upgrades, TLS without questions.

use std::{io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use caddis_runtime::tls::AcceptAnything;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig,
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    pki_types::ServerName,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The content.
    pub body: Bytes,
    /// The heads of interim responses that came before.
    pub interim: Vec<(StatusCode, HeaderMap)>,
}

impl Answer {
    /// The content as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The content as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text; empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A GET over a connection of its own.
pub async fn get(address: SocketAddr, host: &str, target: &str) -> Answer {
    send(address, request("GET", host, target).body(Bytes::new()).expect("a valid request")).await
}

/// The start of a request.
#[must_use]
pub fn request(method: &str, host: &str, target: &str) -> http::request::Builder {
    Request::builder().method(method).uri(target).header(header::HOST, host)
}

/// Sends a request over a plain connection of its own.
pub async fn send(address: SocketAddr, request: Request<Bytes>) -> Answer {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    over(stream, request).await
}

/// Sends a request over TLS, for the name that `Host` says, without looking at the certificate.
pub async fn send_tls(address: SocketAddr, request: Request<Bytes>) -> Answer {
    let host = request.headers()[header::HOST].to_str().expect("an ASCII host");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    over(connect_tls(address, &name).await.expect("the handshake succeeds"), request).await
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Bytes>,
) -> Answer {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a new connection");
    tokio::spawn(connection);
    let mut request = request.map(Full::new);
    let (seen, interim) = std::sync::mpsc::channel();
    hyper::ext::on_informational(&mut request, move |response| {
        seen.send((response.status(), response.headers().clone())).expect("the answer is awaited");
    });
    let response: Response<hyper::body::Incoming> = sender.send_request(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer { status: head.status, headers: head.headers, body, interim: interim.try_iter().collect() }
}

/// A TLS connection for a name, whatever the certificate says.
///
/// # Errors
/// When the handshake fails.
pub async fn connect_tls(
    address: SocketAddr,
    name: &str,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    connect_tls_with(address, name, default_provider()).await
}

/// The same with these algorithms, of which the first is offered first.
///
/// # Errors
/// When the handshake fails.
pub async fn connect_tls_with(
    address: SocketAddr,
    name: &str,
    provider: CryptoProvider,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let provider = Arc::new(provider);
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnything(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await
}

/// Opens an upgraded connection.
///
/// # Errors
/// When the server does not switch protocols.
pub async fn upgrade(address: SocketAddr, host: &str, target: &str, protocol: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    if text.starts_with("HTTP/1.1 101") { Ok(stream) } else { Err(io::Error::other(text)) }
}

/// Sends requests on a connection of HTTP/2.
pub type Http2 = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;

/// Opens a WebSocket on a stream of HTTP/2 without TLS (RFC 8441). Other requests may follow on the connection.
///
/// # Panics
/// When the server does not answer with 200.
pub async fn extended_connect(address: SocketAddr, target: &str) -> (TokioIo<Upgraded>, Http2) {
    let socket = TokioIo::new(TcpStream::connect(address).await.expect("somebody listens"));
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await;
    let (mut sender, connection) = shaken.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let request = Request::connect(format!("http://{address}{target}"))
        .version(http::Version::HTTP_2)
        .header("sec-websocket-version", "13")
        .extension(hyper::ext::Protocol::from_static("websocket"));
    sender.ready().await.expect("the connection is open");
    let response = sender.send_request(request.body(Empty::new()).expect("a valid request")).await;
    let response = response.expect("the connection is open");
    assert_eq!(response.status(), StatusCode::OK);
    (TokioIo::new(hyper::upgrade::on(response).await.expect("the stream is there")), sender)
}

/// Sends bytes and reads as many back.
///
/// # Errors
/// When the connection is gone.
pub async fn echo(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str) -> io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
