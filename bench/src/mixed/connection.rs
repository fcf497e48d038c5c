//! What one client has open, and what it does with it.

use std::io;

use http::{Method, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http2};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Kind, Targets};
use crate::{
    link::{Duplex, HOST, Link, connect, connect_h2, message, upgraded},
    load::{echo, read_answer},
    origin::{ANSWER, EVENTS},
};

static POSTED: [u8; 1 << 20] = [b'p'; 1 << 20];

/// A connection for requests, or a stream.
pub(super) enum Connection {
    /// HTTP/1.1, or what came of an upgrade.
    Bytes(Box<dyn Duplex>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Opens what a client of that kind needs.
    pub(super) async fn open(targets: Targets, link: Link, kind: Kind) -> io::Result<Self> {
        let target = if link == Link::Plain { targets.plain } else { targets.tls };
        match (kind, link) {
            (Kind::Stream(path) | Kind::LongStream(path), _) => {
                let stream = upgraded(target, link, path, 1).await?.pop();
                stream.map(Self::Bytes).ok_or_else(|| io::Error::other("no stream was opened"))
            }
            (Kind::Get | Kind::Post | Kind::Events, Link::Http2) => connect_h2(target).await.map(Self::Http2),
            (Kind::Get | Kind::Post | Kind::Events, Link::Plain | Link::Tls) => {
                connect(target, link).await.map(Self::Bytes)
            }
        }
    }

    /// One request or one life of a stream.
    pub(super) async fn ask(&mut self, kind: Kind) -> io::Result<()> {
        match self {
            Self::Bytes(stream) => on_bytes(stream, kind).await,
            Self::Http2(sender) => on_http2(sender, kind).await,
        }
    }
}

/// The method, the path and the body of a request; `None` for streams.
fn request(kind: Kind) -> Option<(Method, &'static str, &'static [u8])> {
    match kind {
        Kind::Get => Some((Method::GET, "/get", &[])),
        Kind::Post => Some((Method::POST, "/post", &POSTED)),
        Kind::Events => Some((Method::GET, "/events", &[])),
        Kind::Stream(_) | Kind::LongStream(_) => None,
    }
}

async fn on_bytes(stream: &mut Box<dyn Duplex>, kind: Kind) -> io::Result<()> {
    let mut answer = [0; 2048];
    let Some((method, path, body)) = request(kind) else {
        let echoes = if matches!(kind, Kind::Stream(_)) { 10 } else { 1 };
        for _ in 0..echoes {
            echo(stream, &message(1024), &mut answer[..1024]).await?;
        }
        return Ok(());
    };
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{length}\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await?;
    if !matches!(kind, Kind::Events) {
        return read_answer(stream, &mut answer).await;
    }
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n0\r\n\r\n") {
        if stream.read_buf(&mut seen).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if !seen.starts_with(b"HTTP/1.1 200") {
        return Err(io::Error::other("not a 200"));
    }
    all_events(&seen)
}

async fn on_http2(sender: &mut http2::SendRequest<Full<Bytes>>, kind: Kind) -> io::Result<()> {
    let (method, path, body) = request(kind).ok_or_else(|| io::Error::other("no request"))?;
    sender.ready().await.map_err(io::Error::other)?;
    let mut request = Request::new(Full::new(Bytes::from_static(body)));
    *request.method_mut() = method;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = format!("https://{HOST}{path}").parse().map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    if status != StatusCode::OK {
        return Err(io::Error::other(format!("not a 200 but a {status}")));
    }
    match kind {
        Kind::Events => all_events(&body),
        _ if body.len() == ANSWER => Ok(()),
        _ => Err(io::Error::other(format!("{} bytes came", body.len()))),
    }
}

/// Whether all events came.
fn all_events(seen: &[u8]) -> io::Result<()> {
    let text = String::from_utf8_lossy(seen);
    let all = (0..EVENTS).all(|number| text.contains(&format!("data: {number}\n\n")));
    if all { Ok(()) } else { Err(io::Error::other("events are missing")) }
}
