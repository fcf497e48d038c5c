//! The transport `fastcgi`: requests to FastCGI responders such as PHP-FPM, each on a connection of its own unless
//! connections are kept.

mod environment;
mod idle;
mod record;
mod response;
#[cfg(test)]
mod tests;

use std::{io::ErrorKind, sync::Arc, time::Duration};

use caddis_config::{Duration as Span, http::reverse_proxy::transport::FastCgi as Config};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf},
    sync::oneshot,
};

use self::{
    environment::Environment,
    idle::Keep,
    record::Records,
    response::{Broken, Lease},
};
use super::{
    Answer,
    build::FALLBACK_DELAY,
    connect::{Dialer, Socket},
    limits::{Limited, Limits},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind},
    http::{Body, Exchange},
    logging::Logger,
};

const DIAL_TIMEOUT: Span = Span::from_secs(3);

/// How much of a body is read ahead unless the handler says otherwise: PHP-FPM hangs on a body of unknown length.
pub(in super::super) const REQUEST_BUFFERS: i64 = 4096;

/// How requests get to responders.
#[derive(Debug)]
pub(in super::super) struct FastCgi {
    environment: Environment,
    dialer: Dialer,
    limits: Limits,
    /// `None` closes each connection after its request.
    keep: Option<Keep>,
    /// Takes what responders write to their standard error.
    stderr: Option<Logger>,
}

impl FastCgi {
    /// # Errors
    /// When something is invalid.
    pub(in super::super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let positive = |limit: Span| limit.to_std().filter(|limit| !limit.is_zero());
        Ok(Self {
            environment: Environment::build(config, cx)?,
            dialer: Dialer {
                timeout: config.dial_timeout.or(DIAL_TIMEOUT).unwrap_or(Duration::MAX),
                fallback_delay: FALLBACK_DELAY.to_std(),
                resolver: None,
                probe_interval: None,
                local: None,
            },
            limits: Limits { read: positive(config.read_timeout), write: positive(config.write_timeout) },
            keep: config.keep_alive.as_ref().map(|keep| Keep::build(keep, config, cx)),
            stderr: config
                .capture_stderr
                .then(|| cx.process.logger.named("http.reverse_proxy.transport.fastcgi")),
        })
    }

    /// A connection that waits, or a new one; and whether it has waited. Nothing of a request has been sent when that
    /// fails.
    pub(in super::super) async fn connection(
        &self,
        dial: &Arc<super::Dial>,
    ) -> Result<(Box<dyn Responder>, bool), Error> {
        if let Some(waiting) = self.keep.as_ref().and_then(|keep| keep.take(dial)) {
            return Ok((waiting, true));
        }
        let fresh: Box<dyn Responder> = match self.dialer.connect(dial).await? {
            Socket::Tcp(stream) => Box::new(Limited::new(stream, self.limits)),
            Socket::Unix(stream) => Box::new(Limited::new(stream, self.limits)),
        };
        Ok((fresh, false))
    }

    /// Sends a request and waits for the head of its response. The body is sent by a task of its own, because a
    /// responder may answer before it has read it.
    ///
    /// # Errors
    /// When the request cannot be sent in this form, or the responder breaks off.
    pub(in super::super) async fn send(
        &self,
        (connection, reused): (Box<dyn Responder>, bool),
        dial: &Arc<super::Dial>,
        request: Request<Body>,
        exchange: &Exchange,
    ) -> Result<Box<Answer>, Failure> {
        let (mut head, body) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        let bodiless = matches!(head.method, Method::HEAD | Method::OPTIONS);
        set_length(&head.method, &mut head.headers, &body)?;
        let environment = self.environment.of(&head, exchange)?;
        let (reader, mut writer) = tokio::io::split(connection);
        let mut opening = record::begin(self.keep.is_some());
        record::parameters(&environment, &mut opening);
        let (sent, mut written) = oneshot::channel();
        tokio::task::spawn_local(async move {
            let sending = async {
                writer.write_all(&opening).await?;
                send_body(&mut writer, if bodiless { Body::Empty } else { body }).await
            };
            // What goes wrong here is seen by whoever reads the response.
            if sending.await.is_ok() {
                drop(sent.send(writer));
            }
        });
        let lease = self.keep.clone().map(|keep| {
            let dial = Arc::clone(dial);
            let lease: Lease<ReadHalf<Box<dyn Responder>>> = Box::new(move |reader| {
                // A responder that has answered before it has got everything is not asked again on this connection.
                if let Ok(writer) = written.try_recv() {
                    keep.put(&dial, reader.unsplit(writer));
                }
            });
            lease
        });
        let read = response::read(Records::new(reader), is_head, self.stderr.clone(), lease).await;
        read.map(Answer::of).map_err(|Broken { error, begun }| {
            let kind = if error.kind() == ErrorKind::TimedOut {
                Kind::UpstreamTimeout
            } else {
                Kind::UpstreamBroken
            };
            let closed = matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            );
            let error = Error::new(kind, "the FastCGI responder broke off").because(error);
            Failure { error, stale: reused && closed && !begun }
        })
    }
}

/// Why there is no response.
pub(in super::super) struct Failure {
    pub(in super::super) error: Error,
    /// Whether the responder has just closed a connection that it seemed to keep.
    pub(in super::super) stale: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, stale: false }
    }
}

/// A connection to a responder.
pub(in super::super) trait Responder: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Responder for T {}

/// Responders have to know how much is to come.
fn set_length(method: &Method, headers: &mut HeaderMap, body: &Body) -> Result<(), Error> {
    if matches!(*method, Method::HEAD | Method::OPTIONS) || body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, 0.into());
    } else if let Some(length) = http_body::Body::size_hint(body).exact() {
        headers.insert(header::CONTENT_LENGTH, length.into());
    } else if !headers.contains_key(header::CONTENT_LENGTH) {
        return Err(Error::status_only(StatusCode::LENGTH_REQUIRED));
    }
    Ok(())
}

async fn send_body(
    writer: &mut (impl AsyncWrite + Unpin),
    mut body: Body,
) -> Result<(), crate::http::body::BodyError> {
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        for part in data.chunks(record::MOST) {
            writer.write_all(&record::header(record::STDIN, part.len())).await?;
            writer.write_all(part).await?;
        }
    }
    writer.write_all(&record::header(record::STDIN, 0)).await?;
    Ok(())
}
