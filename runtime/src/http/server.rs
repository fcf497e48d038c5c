//! What every request of a server goes through before and after its routes.

mod build;
mod client_ip;
mod deadline;
mod header_names;
mod slow_clients;

use std::{
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
};

use http::{HeaderValue, Method, StatusCode, Uri, Version, header, uri::PathAndQuery};
use http_body::Body as _;
use tokio::time::Instant;

pub(crate) use self::{
    build::{Around, Listening, build},
    client_ip::parse_range,
};
use self::{client_ip::ClientIp, deadline::Deadline, header_names::HeaderNames, slow_clients::BodyLimits};
use super::{
    Body, Exchange, Next, Response,
    access_log::{Line, Logs},
    body::BodyError,
    connection::{Busy, InterimTarget},
    error_log::{self, Failure},
    passing::{Pass, Passing, Polled, bytes},
    route::Route,
    takeover::Connect,
    uri,
};
use crate::{
    error::{Error, Kind, Outcome},
    logging::Logger,
    metrics::observer::Observed,
};

/// A longer method is a mistake or an attack.
const MAX_METHOD: usize = 32;

/// A server of the configuration, ready to answer requests.
pub struct Server {
    /// Its name in the configuration.
    pub name: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) errors: Vec<Route>,
    pub(crate) client_ip: ClientIp,
    pub(crate) header_names: HeaderNames,
    /// Refuses a `Host` that differs from the name in the TLS handshake.
    pub(crate) strict_sni_host: bool,
    pub(crate) body_limits: BodyLimits,
    /// `None` when nothing is written about requests.
    pub(crate) logs: Option<Logs>,
    pub(crate) error_log: Logger,
    /// Where the same is served over HTTP/3, for the field `Alt-Svc` (RFC 7838).
    pub(crate) alternatives: OnceLock<HeaderValue>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The connection is to be dropped without an answer.
#[derive(Debug, thiserror::Error)]
#[error("aborted by a handler")]
pub struct Aborted;

impl Server {
    /// Answers one request. The body of the response breaks off at the deadline.
    pub(crate) async fn serve(
        &self,
        mut exchange: Box<Exchange>,
        busy: Busy,
        deadline: Option<Instant>,
    ) -> Result<http::Response<ReplyBody>, Aborted> {
        normalize(&mut exchange.request);
        self.body_limits.guard(&mut exchange);
        if exchange.request.version < Version::HTTP_3 {
            exchange.alternatives = self.alternatives.get().cloned();
        }
        self.client_ip.find(&mut exchange);
        if let Some(logs) = &self.logs {
            logs.begin(&mut exchange);
        }
        let outcome = match self.check(&exchange) {
            Ok(()) => {
                self.header_names.filter(&mut exchange.request.headers);
                Next::routes(&self.routes, None).run(&mut exchange).await
            }
            Err(error) => Err(error),
        };
        let outcome = match outcome {
            Ok(response) => {
                exchange.observed.answered(response.status());
                Ok(response)
            }
            Err(error) if error.kind() == Kind::Aborted => {
                exchange.observed.cut();
                Err(Aborted)
            }
            Err(error) => {
                exchange.observed.failed(error.status());
                self.answer_error(&mut exchange, error).await
            }
        };
        let logs = self.logs.as_ref();
        let line = logs.and_then(|logs| logs.complete(&mut exchange, outcome.as_ref().ok()));
        let observed = exchange.observed;
        let deadline = Deadline::new(deadline);
        let replying = Replying { line, observed, deadline, failed: None, _busy: busy };
        Ok(outcome?.map(|body| Passing::new(body, replying)))
    }

    /// Tells clients of other versions that HTTP/3 is served on a port. To be said once, before the first request.
    pub(crate) fn advertise(&self, port: u16) {
        let value = HeaderValue::try_from(format!("h3=\":{port}\"; ma=2592000"));
        // Of several ports one is enough.
        drop(self.alternatives.set(value.expect("it is visible ASCII")));
    }

    /// What no route may be asked about.
    fn check(&self, exchange: &Exchange) -> Outcome<()> {
        let request = &exchange.request;
        if request.method.as_str().len() > MAX_METHOD {
            return Err(Error::status_only(StatusCode::METHOD_NOT_ALLOWED));
        }
        if uri::unescape(request.uri.path(), false).is_none() {
            return Err(Error::new(Kind::Status(StatusCode::BAD_REQUEST), "invalid escape in the path"));
        }
        if exchange.is_early() && !request.method.is_safe() {
            let message =
                "in early data, which could be replayed, only requests that change nothing are answered";
            return Err(Error::new(Kind::Status(StatusCode::TOO_EARLY), message));
        }
        let host = request.headers.get(header::HOST);
        if request.version == Version::HTTP_11 && host.is_none_or(HeaderValue::is_empty) {
            return Err(Error::new(Kind::Status(StatusCode::BAD_REQUEST), "rfc9112 forbids empty Host"));
        }
        if self.strict_sni_host
            && let Some(tls) = &exchange.connection.tls
        {
            let host = host.map_or("", |host| host.to_str().unwrap_or(""));
            let name = without_port(host);
            if !tls.server_name.eq_ignore_ascii_case(name) {
                let message = format!(
                    "strict host matching: TLS ServerName ({}) and HTTP Host ({name}) values differ",
                    tls.server_name
                );
                return Err(Error::new(Kind::Status(StatusCode::MISDIRECTED_REQUEST), message));
            }
        }
        Ok(())
    }

    /// Lets the error routes answer; where they cannot, the answer is nothing but the status.
    async fn answer_error(&self, exchange: &mut Exchange, error: Error) -> Result<Response, Aborted> {
        let (status, duration) = (error.status(), exchange.started.elapsed());
        if let Some(original) = exchange.original.take() {
            exchange.request.method = original.method;
            exchange.request.uri = original.uri;
        }
        let log = |exchange: &Exchange, error: &Error, second: Option<&Error>, answered| {
            let failure = Failure { error, second, answered, duration };
            error_log::write(&failure, exchange, self.logs.as_ref(), &self.error_log);
        };
        if self.errors.is_empty() {
            log(exchange, &error, None, false);
            return Ok(exchange.respond(status));
        }
        exchange.error = Some(error);
        exchange.groups.clear();
        let (response, second) = match Next::routes(&self.errors, None).run(exchange).await {
            Ok(response) => (response, None),
            Err(second) if second.kind() == Kind::Aborted => return Err(Aborted),
            Err(second) => (exchange.respond(status), Some(second)),
        };
        if let Some(error) = &exchange.error {
            log(exchange, error, second.as_ref(), true);
        }
        Ok(response)
    }
}

/// Gives every request the shape that Go gives it: the authority is in `Host`, the target is a path and a query.
///
/// HTTP/2 sends an authority instead of the field, and in the absolute form of HTTP/1.1 it wins over the field
/// (RFC 9112, section 3.2.2). CONNECT without a protocol has nothing but an authority and keeps it.
fn normalize(parts: &mut http::request::Parts) {
    let Some(authority) = parts.uri.authority() else { return };
    let host = authority.as_str();
    let host = HeaderValue::from_str(host.rsplit_once('@').map_or(host, |(_, host)| host));
    if let Ok(host) = host {
        parts.headers.insert(header::HOST, host);
    }
    if parts.method == Method::CONNECT && parts.uri.path_and_query().is_none() {
        return;
    }
    let mut target = http::uri::Parts::default();
    target.path_and_query = parts.uri.path_and_query().cloned().or(Some(PathAndQuery::from_static("/")));
    if let Ok(uri) = Uri::from_parts(target) {
        parts.uri = uri;
    }
}

/// A host without its port, and an IPv6 address without brackets.
pub(crate) fn without_port(host: &str) -> &str {
    if let Some(bracketed) = host.strip_prefix('[') {
        return bracketed.split_once(']').map_or(host, |(address, _)| address);
    }
    match host.split_once(':') {
        Some((_, port)) if port.contains(':') => host,
        Some((name, _)) => name,
        None => host,
    }
}

/// What a connection has for one of its requests, whatever the version.
pub(crate) struct Stream {
    /// Takes interim responses, up to the final one.
    pub(crate) interim: InterimTarget,
    /// Present in an extended CONNECT.
    pub(crate) connect: Option<Connect>,
}

impl Stream {
    /// Lets interim responses be sent and a stream be taken over, as far as the client can do with that.
    pub(crate) fn lend(self, exchange: &mut Exchange) {
        exchange.interim = Some(self.interim);
        exchange.connect = self.connect;
    }
}

/// The body of a response on its way into the connection.
pub(crate) type ReplyBody = Passing<Replying>;

/// Notes what goes into the connection.
#[derive(Debug)]
pub(crate) struct Replying {
    line: Option<Box<Line>>,
    observed: Observed,
    deadline: Deadline,
    /// Why it ends early, until what came before is on its way.
    failed: Option<BodyError>,
    _busy: Busy,
}

impl Pass for Replying {
    fn poll(&mut self, body: Pin<&mut Body>, cx: &mut Context<'_>) -> Polled {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Err(late) = self.deadline.check(cx) {
            return Poll::Ready(Some(Err(late.into())));
        }
        let polled = body.poll_frame(cx);
        // A connection that is told at once forgets what it has not sent yet, the head included, of which the log says
        // that it was sent.
        if let Poll::Ready(Some(Err(error))) = polled {
            self.failed = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if (self.line.is_some() || !self.observed.is_empty()) && polled.is_ready() {
            let bytes = bytes(&polled);
            self.line.iter_mut().for_each(|line| line.sent(bytes));
            self.observed.sent(bytes);
        }
        polled
    }
}

#[cfg(test)]
mod tests;
