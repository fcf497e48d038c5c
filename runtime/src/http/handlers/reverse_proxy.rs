//! The handler `reverse_proxy`: passes requests to upstreams and their responses back.

mod body;
mod dial;
mod dynamic;
mod handle_response;
mod health_checks;
mod info;
pub(super) mod request;
mod response;
mod retries;
mod selection_policies;
mod session;
mod transport;
mod upgrade;
mod upstreams;

use std::{net::IpAddr, sync::Arc, time::Instant};

use caddis_config::{http::handlers::ReverseProxy as Config, to_json};
use http::{Method, StatusCode, Uri};
use ipnet::IpNet;
use xxhash_rust::xxh64::xxh64;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::transport::whole;
use self::{
    body::RequestBody,
    dial::Dial,
    dynamic::Source,
    handle_response::{Action, ResponseHandler},
    health_checks::{Active, Passive},
    request::Fields,
    response::Finisher,
    retries::Retries,
    selection_policies::{Selection, SelectionPolicy},
    transport::{
        Answer, FASTCGI_REQUEST_BUFFERS, FastCgi, HttpTransport, Lent, Outgoing, Transport, Upgrade, Wanted,
    },
    upgrade::Upgrades,
    upstreams::{InFlight, Upstream},
};
pub use self::{
    info::Info,
    upstreams::{Health, Host, Hosts},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Fault, Kind, Outcome},
    http::{
        Exchange, Handler, HandlerFuture, Next, access_log, handler::boxed, header_ops::HeaderOps,
        rewrite::Rewrite,
    },
    logging::{Field, Logger},
    placeholder::Scope,
};

/// Passes requests to upstreams.
#[derive(Debug)]
struct ReverseProxy {
    /// The static ones.
    upstreams: Vec<Arc<Upstream>>,
    dynamic: Option<Source>,
    policy: SelectionPolicy,
    retries: Retries,
    transport: Transport,
    trusted_proxies: Vec<IpNet>,
    passive: Option<Passive>,
    /// Goes on checking as long as it is here.
    _active: Option<Arc<Active>>,
    upgrades: Upgrades,
    request_buffers: i64,
    request_headers: Option<HeaderOps>,
    rewrite: Option<Rewrite>,
    finisher: Arc<Finisher>,
    handle_response: Vec<ResponseHandler>,
    logger: Logger,
    verbose_logs: bool,
}

/// # Errors
/// When something is invalid or not supported.
pub fn build(config: &Config, cx: &mut Build) -> Result<Box<dyn Handler>, BuildError> {
    Ok(Box::new(make(config, cx)?))
}

fn make(config: &Config, cx: &mut Build) -> Result<ReverseProxy, BuildError> {
    cx.refuse_fields(&[("circuit_breaker", config.circuit_breaker.is_some(), "a circuit breaker")])?;
    let transport = cx.at("transport", |cx| Transport::build(config.transport.as_ref(), cx));
    let transport = match cx.unless_survey(transport)? {
        Some(transport) => transport,
        None => Transport::build(None, cx)?,
    };
    // An unchanged handler in the same server is the same handler to its streams and health checks.
    let fingerprint = xxh64(format!("{}\n{}", cx.server, to_json(config)).as_bytes(), 0);
    let logger = cx.process.logger.named("http.handlers.reverse_proxy");
    let health_checks = config.health_checks.as_ref();
    let passive = health_checks.and_then(|checks| checks.passive.as_ref());
    let mut upstreams = Vec::with_capacity(config.upstreams.len());
    for (index, upstream) in config.upstreams.iter().enumerate() {
        let build = |cx: &mut Build| Upstream::build(upstream, passive, cx);
        upstreams.push(cx.at("upstreams", |cx| cx.at(index, build))?);
    }
    let active = match health_checks.and_then(|checks| checks.active.as_ref()) {
        Some(active) => {
            let build = |cx: &mut Build| match &transport {
                Transport::Http(transport) => Active::build(active, &mut upstreams, transport, cx),
                Transport::FastCgi(_) => Err(cx.unsupported("an active health check over FastCGI")),
            };
            let active = cx.at("health_checks", |cx| cx.at("active", build));
            cx.unless_survey(active)?.flatten()
        }
        None => None,
    };
    let upstreams: Vec<_> = upstreams.into_iter().map(Arc::new).collect();
    let balancing = config.load_balancing.as_ref();
    let policy = cx.at("load_balancing", |cx| {
        let policy = balancing.and_then(|balancing| balancing.selection_policy.as_ref());
        let policy = cx.at("selection_policy", |cx| SelectionPolicy::build(policy, &upstreams, cx));
        match cx.unless_survey(policy)? {
            Some(policy) => Ok(policy),
            None => SelectionPolicy::build(None, &upstreams, cx),
        }
    })?;
    let dynamic = match &config.dynamic_upstreams {
        Some(source) => {
            let source = cx.at("dynamic_upstreams", |cx| Source::build(source, passive, cx));
            cx.unless_survey(source)?
        }
        None => None,
    };
    Ok(ReverseProxy {
        dynamic,
        policy,
        retries: cx.at("load_balancing", |cx| Retries::build(balancing, cx))?,
        request_buffers: match &transport {
            Transport::FastCgi(_) if config.request_buffers == 0 => FASTCGI_REQUEST_BUFFERS,
            Transport::FastCgi(_) | Transport::Http(_) => config.request_buffers,
        },
        transport,
        trusted_proxies: cx.at("trusted_proxies", |cx| ranges(&config.trusted_proxies, cx))?,
        passive: passive.map(Passive::build),
        _active: active,
        upgrades: Upgrades::build(config, fingerprint, cx)?,
        request_headers: cx.at("headers", |cx| {
            let request = config.headers.as_ref().and_then(|headers| headers.request.as_ref());
            request.map(|request| cx.at("request", |cx| HeaderOps::build(request, cx))).transpose()
        })?,
        rewrite: match &config.rewrite {
            Some(rewrite) => Some(cx.at("rewrite", |cx| Rewrite::build(rewrite, cx))?),
            None => None,
        },
        finisher: Arc::new(Finisher::build(config, cx)?),
        handle_response: cx
            .at("handle_response", |cx| handle_response::build(&config.handle_response, cx))?,
        upstreams,
        logger,
        verbose_logs: config.verbose_logs,
    })
}

fn ranges(texts: &[String], cx: &mut Build) -> Result<Vec<IpNet>, BuildError> {
    let range = |(index, text): (usize, &String)| {
        let range =
            if text.contains('/') { text.parse().ok() } else { text.parse::<IpAddr>().map(IpNet::from).ok() };
        range.ok_or_else(|| cx.at(index, |cx| cx.error(format!("invalid IP address or range: '{text}'"))))
    };
    texts.iter().enumerate().map(range).collect()
}

impl Handler for ReverseProxy {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, next: Next<'a>) -> HandlerFuture<'a> {
        boxed(|| self.proxy(exchange, next))
    }

    fn name(&self) -> &'static str {
        "reverse_proxy"
    }
}

/// What the upstream is asked for, the same in every attempt.
struct Asked {
    method: Method,
    uri: Uri,
    body: RequestBody,
    upgrade: Option<Upgrade>,
    /// The client asked for WebSocket with an extended CONNECT.
    connect: bool,
}

/// What came of an attempt.
struct Attempted {
    selection: Selection,
    answer: Box<Answer>,
    in_flight: InFlight,
}

/// Why an attempt was none.
enum Failed {
    /// There was no response. Another attempt may be better.
    Attempt(Error),
    /// `retry_match` does not want the response.
    Rejected(Error),
    /// Another attempt would be the same.
    Final(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Attempt(error)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        let (Failed::Attempt(error) | Failed::Rejected(error) | Failed::Final(error)) = failed;
        error
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Failed::Attempt(error) | Failed::Rejected(error) | Failed::Final(error)) = self;
        error.fmt(f)
    }
}

impl ReverseProxy {
    async fn proxy(&self, exchange: &mut Exchange, next: Next<'_>) -> Outcome {
        let started = Instant::now();
        let mut asked = self.ask(exchange).await?;
        self.retries.request();
        let mut retries = 0;
        let attempted = loop {
            let failed = match self.attempt(exchange, &mut asked, started, retries).await {
                Ok(attempted) => break attempted,
                Err(failed) => failed,
            };
            if !(asked.body.is_whole() && self.retries.again(started, retries, &failed, exchange)?) {
                asked.body.give_back(exchange);
                return Err(failed.into());
            }
            let wait = self.retries.wait(retries, fastrand::f64());
            retries += 1;
            if self.verbose_logs {
                self.logger.debug("retrying", |fields| {
                    fields.add("error", failed.to_string()).add("after", wait);
                });
            }
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        };
        self.answer(exchange, attempted, &asked, next).await
    }

    /// Prepares what stays the same in every attempt.
    async fn ask(&self, exchange: &mut Exchange) -> Result<Asked, Error> {
        let connect = upgrade::is_extended_connect(exchange);
        let session = session::is_wanted(exchange);
        if session {
            session::check(exchange, &self.transport)?;
        } else if exchange.request.method == Method::CONNECT && !connect {
            let message = "CONNECT is for forward proxies; a reverse proxy takes it for WebSockets of HTTP/2 and \
                           HTTP/3, and for WebTransport of HTTP/3";
            return Err(Error::new(Kind::Status(StatusCode::NOT_IMPLEMENTED), message));
        }
        let mut method = if connect { Method::GET } else { exchange.request.method.clone() };
        let target = exchange.request.uri.path_and_query().cloned();
        let mut uri = target.map_or_else(|| Uri::from_static("/"), Uri::from);
        let mut bodiless = connect || session;
        if let Some(rewrite) = &self.rewrite {
            let before = (method.clone(), uri.clone());
            rewrite.apply(&Scope::from(&*exchange), &mut method, &mut uri);
            // Whoever handles the request next may want the body.
            bodiless |=
                before != (method.clone(), uri.clone()) && matches!(method, Method::GET | Method::HEAD);
        }
        let body = match bodiless {
            true => RequestBody::none(),
            false => RequestBody::take(exchange, self.request_buffers).await?,
        };
        let upgrade = match request::wanted_upgrade(exchange) {
            _ if session => Some(Upgrade::WebTransport),
            _ if connect => Some(Upgrade::WebSocket),
            Some(token) if token == "websocket" => Some(Upgrade::WebSocket),
            Some(_) => Some(Upgrade::Other),
            None => None,
        };
        Ok(Asked { method, uri, body, upgrade, connect })
    }

    /// Sends the request to one upstream.
    async fn attempt(
        &self,
        exchange: &mut Exchange,
        asked: &mut Asked,
        started: Instant,
        retries: u32,
    ) -> Result<Attempted, Failed> {
        let found = match &self.dynamic {
            Some(source) => Box::pin(self.look_up(source, exchange, retries)).await,
            None => None,
        };
        let upstreams = found.as_deref().unwrap_or(&self.upstreams);
        let Some(selection) = self.policy.select(upstreams, exchange) else {
            return Err(Error::new(Kind::NoUpstream, "no upstreams available").into());
        };
        let upstream = &selection.upstream;
        let dial = upstream.dial(exchange).map_err(Failed::Final)?;
        let in_flight = upstream.host.request();
        exchange.proxied = Some(Info::new(upstream, Arc::clone(&dial), started, retries));
        let answer = match &self.transport {
            Transport::Http(transport) => self.http(transport, exchange, asked, &dial).await,
            Transport::FastCgi(transport) => Box::pin(self.fastcgi(transport, exchange, asked, &dial)).await,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.log_round_trip(exchange, &upstream.host, Err(&error));
                if let Some(passive) = self.passive.as_ref().filter(|_| error.fault() != Fault::Client) {
                    passive.count_failure(&upstream.host);
                }
                return Err(error.into());
            }
        };
        let (status, headers) = (answer.response.status(), answer.response.headers());
        self.log_round_trip(exchange, &upstream.host, Ok(&answer));
        if let Some(info) = &mut exchange.proxied {
            let latency = info.answered();
            if let Some(passive) = &self.passive {
                passive.judge(status, latency, &upstream.host);
            }
            if self.retries.looks_at_responses() || !self.handle_response.is_empty() {
                info.response = Some(Box::new((status, headers.clone())));
            }
        }
        if self.retries.rejects(exchange).map_err(Failed::Final)? {
            let message = format!("upstream response matched retry_match (status {})", status.as_u16());
            return Err(Failed::Rejected(Error::new(Kind::Status(status), message)));
        }
        Ok(Attempted { selection, answer, in_flight })
    }

    fn log_round_trip(&self, exchange: &Exchange, host: &Host, result: Result<&Answer, &Error>) {
        self.logger.debug("upstream roundtrip", |fields| {
            let duration = exchange.proxied.as_ref().map(Info::attempt_duration).unwrap_or_default();
            fields.add("upstream", &*host.address).add("duration", duration);
            fields.object("request", |fields| access_log::fields::request(exchange, false, fields));
            match result {
                Ok(answer) => {
                    let headers = access_log::fields::headers(answer.response.headers(), false);
                    fields.add("headers", Field::Object(headers));
                    fields.add("status", i64::from(answer.response.status().as_u16()));
                }
                Err(error) => {
                    fields.error(error);
                }
            }
        });
    }

    /// The upstreams that are looked up for the request; `None` if the lookup fails.
    async fn look_up(&self, source: &Source, exchange: &Exchange, retries: u32) -> Option<dynamic::Pool> {
        if retries > 0 {
            source.forget(exchange);
        }
        match source.upstreams(exchange).await {
            Ok(found) => Some(found),
            Err(error) => {
                let message = "failed getting dynamic upstreams; falling back to static upstreams";
                self.logger.error(message, |fields| {
                    fields.error(&error);
                });
                None
            }
        }
    }

    /// Gets an answer by FastCGI; on the next connection when one that was kept turns out to be closed.
    async fn fastcgi(
        &self,
        transport: &FastCgi,
        exchange: &Exchange,
        asked: &mut Asked,
        dial: &Arc<Dial>,
    ) -> Result<Box<Answer>, Error> {
        loop {
            let connection = transport.connection(dial).await?;
            let request = self.request(exchange, asked, None).into_whole();
            match transport.send(connection, dial, request, exchange).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if !failure.stale => return Err(failure.error),
                Err(failure) if !(asked.body.is_whole() && is_idempotent(&asked.method)) => {
                    return Err(failure.error);
                }
                Err(_) => {}
            }
        }
    }

    /// Gets an answer by HTTP; on the next connection when one that was kept turns out to be closed.
    async fn http(
        &self,
        transport: &HttpTransport,
        exchange: &Exchange,
        asked: &mut Asked,
        dial: &Arc<Dial>,
    ) -> Result<Box<Answer>, Error> {
        // The path of a socket is no host.
        let host = Some(dial).filter(|dial| transport.has_tls() && matches!(***dial, Dial::Tcp { .. }));
        loop {
            let wanted = Wanted {
                dial,
                upgrade: asked.upgrade,
                client: exchange.client_ip,
                scope: Scope::from(exchange),
            };
            let client = exchange.interim_sender().await;
            let connection = transport.connection(wanted).await?;
            let (sending, after) = {
                // What is large goes away before anything is waited for.
                let mut request = self.request(exchange, asked, host);
                let (interim, after) = transport.prepare(&mut request, client);
                (connection.send(request, interim, transport.header_timeout()), after)
            };
            match sending.await {
                Ok(mut answer) => {
                    after.finish(&mut answer);
                    return Ok(answer);
                }
                Err(failure) => {
                    let unsent = failure.unsent.is_some();
                    if let Some(body) = failure.unsent {
                        asked.body.put_back(body);
                    }
                    // Whatever a session was about to be has ended with its connection.
                    let repeatable =
                        is_idempotent(&asked.method) || asked.upgrade == Some(Upgrade::WebTransport);
                    if !(failure.stale && (unsent || asked.body.is_whole() && repeatable)) {
                        return Err(failure.error);
                    }
                }
            }
        }
    }

    /// The request for one attempt. The host is that of `host` where one is given.
    fn request<'a>(
        &self,
        exchange: &'a Exchange,
        asked: &'a mut Asked,
        host: Option<&Arc<Dial>>,
    ) -> Outgoing<'a> {
        let (length, body) = (asked.body.known_length(), asked.body.next());
        let fields = Fields::new(exchange, &self.trusted_proxies);
        let mut request = Outgoing::Lent(Lent { method: &asked.method, uri: &asked.uri, fields, body });
        if let Outgoing::Lent(Lent { fields, .. }) = &mut request {
            if let Some(length) = length {
                let expected = matches!(asked.method, Method::POST | Method::PUT | Method::PATCH);
                fields.set_length((length > 0 || expected).then_some(length));
            }
            if let Some(host) = host
                && let Ok(host) = host.hostport().try_into()
            {
                fields.set_host(host);
            }
        }
        if asked.connect {
            upgrade::from_extended_connect(request.whole_mut().headers_mut());
        }
        if let Some(changes) = &self.request_headers {
            changes.apply(request.whole_mut().headers_mut(), &Scope::from(exchange));
        }
        request
    }

    /// Makes the client's response of the upstream's.
    async fn answer(
        &self,
        exchange: &mut Exchange,
        attempted: Attempted,
        asked: &Asked,
        next: Next<'_>,
    ) -> Outcome {
        let Attempted { selection, mut answer, mut in_flight } = attempted;
        if let Some(cookie) = selection.cookie {
            exchange.response_headers_mut().append(http::header::SET_COOKIE, cookie);
        }
        let status = answer.response.status();
        let handler =
            self.handle_response.iter().find(|handler| handler.wants(status, answer.response.headers()));
        let replaced = match handler.map(|handler| &handler.action) {
            Some(Action::Routes(routes)) => {
                let _in_flight = answer.stream(in_flight);
                self.finisher.buffer(&mut answer.response).await?;
                let run = handle_response::run(exchange, answer.response, &self.finisher, routes, next);
                return Box::pin(run).await;
            }
            Some(Action::Status(status)) => handle_response::status(status, exchange)?,
            None => None,
        };
        if status == StatusCode::SWITCHING_PROTOCOLS && replaced.is_none() {
            let Answer { response, switched, place, session: _ } = *answer;
            in_flight.hold(place);
            let answer = (response, switched);
            return self.upgrades.switch(exchange, answer, asked.connect, &selection.upstream, in_flight);
        }
        if replaced.is_none()
            && let Some(session) = answer.session.take()
        {
            let upstream = &selection.upstream;
            self.upgrades.begin(exchange, *session, upstream, in_flight)?;
            self.finisher.finish(exchange, &mut answer.response);
            return Ok(answer.response);
        }
        let _in_flight = answer.stream(in_flight);
        if let Some(status) = replaced {
            *answer.response.status_mut() = status;
        }
        self.finisher.buffer(&mut answer.response).await?;
        self.finisher.finish(exchange, &mut answer.response);
        Ok(answer.response)
    }
}

/// Methods that may be sent twice (RFC 9110, section 9.2.2) without asking anybody.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

#[cfg(test)]
mod tests;
