//! The transport `fastcgi`: requests to FastCGI responders such as PHP-FPM, each on a connection of its own.

mod environment;
mod record;
mod response;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use caddis_config::{Duration as Span, http::reverse_proxy::transport::FastCgi as Config};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use self::{environment::Environment, record::Records};
use super::{
    Answer,
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
                probe_interval: None,
                local: None,
            },
            limits: Limits { read: positive(config.read_timeout), write: positive(config.write_timeout) },
            stderr: config
                .capture_stderr
                .then(|| cx.process.logger.named("http.reverse_proxy.transport.fastcgi")),
        })
    }

    /// Opens a connection. Nothing of a request has been sent when that fails.
    pub(in super::super) async fn connection(
        &self,
        dial: &Arc<super::Dial>,
    ) -> Result<Box<dyn Responder>, Error> {
        Ok(match self.dialer.connect(dial).await? {
            Socket::Tcp(stream) => Box::new(Limited::new(stream, self.limits)),
            Socket::Unix(stream) => Box::new(Limited::new(stream, self.limits)),
        })
    }

    /// Sends a request and waits for the head of its response. The body is sent by a task of its own, because a
    /// responder may answer before it has read it.
    ///
    /// # Errors
    /// When the request cannot be sent in this form, or the responder breaks off.
    pub(in super::super) async fn send(
        &self,
        connection: Box<dyn Responder>,
        request: Request<Body>,
        exchange: &Exchange,
    ) -> Result<Answer, Error> {
        let (mut head, body) = request.into_parts();
        let bodiless = matches!(head.method, Method::HEAD | Method::OPTIONS);
        set_length(&head.method, &mut head.headers, &body)?;
        let environment = self.environment.of(&head, exchange)?;
        let (reader, mut writer) = tokio::io::split(connection);
        let mut opening = record::begin();
        record::parameters(&environment, &mut opening);
        tokio::task::spawn_local(async move {
            // What goes wrong here is seen by whoever reads the response.
            let sent = async {
                writer.write_all(&opening).await?;
                send_body(&mut writer, if bodiless { Body::Empty } else { body }).await
            };
            drop(sent.await);
        });
        let response = response::read(Records::new(reader), self.stderr.clone()).await.map_err(|error| {
            let kind = if error.kind() == std::io::ErrorKind::TimedOut {
                Kind::UpstreamTimeout
            } else {
                Kind::UpstreamBroken
            };
            Error::new(kind, "the FastCGI responder broke off").because(error)
        })?;
        Ok(Answer { response, lease: None })
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
