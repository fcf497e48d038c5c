//! Switching protocols: the two connections become a tunnel that belongs to the process.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use caddis_config::http::handlers::ReverseProxy as Config;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    request::{strip_hop_by_hop, upgrade_token, wanted_upgrade},
    response::merge,
    upstreams::{InFlight, Upstream},
};
use crate::{
    build::{Build, BuildError},
    error::{Error, Kind, Outcome},
    http::{
        Body, Exchange, Response, access_log,
        h3::SessionLeg,
        takeover::{Connect, Takeover, Wanted},
    },
    logging::{Fields, Level, Logger},
    tunnel::{Ended, Opened, Owner, Registry, Session, Tunnel, Visitor},
};

/// Who tells about streams unless the configuration names another logger.
const STREAM: &str = "http.handlers.reverse_proxy.stream";

/// What streams are opened under.
#[derive(Debug)]
pub(super) struct Upgrades {
    owner: Arc<Owner>,
    tunnels: Arc<Registry>,
    timeout: Option<Duration>,
    buffer_size: usize,
    logs: Logs,
}

/// Lines about streams.
#[derive(Debug, Clone)]
struct Logs {
    /// What the loggers are made from.
    root: Logger,
    /// `None` is the access log of the request.
    logger: Option<Logger>,
    level: Level,
    skip_handshake: bool,
}

impl Upgrades {
    /// # Errors
    /// When the level of the logs is unknown.
    pub(super) fn build(config: &Config, fingerprint: u64, cx: &mut Build) -> Result<Self, BuildError> {
        cx.streams.owners.insert(fingerprint);
        Ok(Self {
            owner: Arc::new(Owner {
                fingerprint,
                detached: config.stream_detached,
                close_delay: config.stream_close_delay.to_std().unwrap_or_default(),
            }),
            tunnels: Arc::clone(&cx.process.tunnels),
            timeout: config.stream_timeout.to_std().filter(|timeout| !timeout.is_zero()),
            buffer_size: usize::try_from(config.stream_buffer_size).unwrap_or(0),
            logs: cx.at("stream_logs", |cx| Logs::build(config, cx))?,
        })
    }

    /// Answers the client's wish to switch protocols and connects the two sides once it has the answer.
    ///
    /// # Errors
    /// When the upstream switches to something that was not asked for; its connection is closed then.
    pub(super) fn switch(
        &self,
        exchange: &mut Exchange,
        (response, switched): (Response, Option<Takeover>),
        connect: bool,
        upstream: &Arc<Upstream>,
        in_flight: InFlight,
    ) -> Outcome {
        let asked =
            if connect { Some(HeaderValue::from_static("websocket")) } else { wanted_upgrade(exchange) };
        let given = upgrade_token(response.headers());
        if asked.is_none() || asked != given {
            let message = format!("the upstream switched to {given:?}, but {asked:?} was asked for");
            return Err(Error::new(Kind::UpstreamBroken, message).after_answer());
        }
        let (Some(token), Some(switched)) = (given, switched) else {
            return Err(Error::new(Kind::Internal, "there is no stream to switch to").after_answer());
        };
        let Some(client) = Takeover::of_client(exchange) else {
            return Err(
                Error::new(Kind::Internal, "the client's connection cannot switch protocols").after_answer()
            );
        };
        let websocket = token == "websocket";
        let streams = self.streams(exchange, upstream, in_flight);
        let (tunnels, logger) = (Arc::clone(&self.tunnels), self.logs.root.named(STREAM));
        let (timeout, buffer_size) = (self.timeout, self.buffer_size);
        tokio::task::spawn_local(async move {
            match futures_util::future::try_join(client, switched).await {
                Ok((client, upstream)) => {
                    let (opened, ended) = streams();
                    Tunnel { client, upstream, websocket, timeout, buffer_size, ended }
                        .spawn(&tunnels, opened);
                }
                Err(error) => logger.debug("switching protocols failed", |fields| {
                    fields.error(&error);
                }),
            }
        });
        self.note(exchange);
        let mut response = client_response(response, connect, token);
        if let Some(ahead) = exchange.response_headers.take() {
            merge(ahead, response.headers_mut());
        }
        Ok(response)
    }

    /// Connects a session that the upstream has accepted with the client's, once it has the answer.
    ///
    /// # Errors
    /// When the client has none.
    pub(super) fn begin(
        &self,
        exchange: &mut Exchange,
        upstream_leg: SessionLeg,
        upstream: &Arc<Upstream>,
        in_flight: InFlight,
    ) -> Outcome<()> {
        let Some(Connect { stream: Wanted::Session(client), .. }) = exchange.connect.take() else {
            return Err(Error::new(Kind::Internal, "the client has no session").after_answer());
        };
        let streams = self.streams(exchange, upstream, in_flight);
        let (tunnels, timeout) = (Arc::clone(&self.tunnels), self.timeout);
        tokio::task::spawn_local(async move {
            // A client that has gone meanwhile has nobody told but the upstream, whose end is dropped here.
            if let Ok(client) = client.await {
                let (opened, ended) = streams();
                Session { client, upstream: upstream_leg, timeout, ended }.spawn(&tunnels, opened);
            }
        });
        self.note(exchange);
        Ok(())
    }

    /// Says of the request that it has become a stream.
    fn note(&self, exchange: &mut Exchange) {
        if self.logs.skip_handshake {
            exchange.set_var("log_skip", true);
        }
        exchange.set_placeholder("http.reverse_proxy.upgraded", true);
    }

    /// What the tunnel is opened with, once both sides are there: its entry, and what its end is written with.
    fn streams(
        &self,
        exchange: &mut Exchange,
        upstream: &Arc<Upstream>,
        in_flight: InFlight,
    ) -> impl FnOnce() -> (Opened, Box<dyn FnOnce(Ended)>) + 'static {
        let opened = Opened {
            owner: Arc::clone(&self.owner),
            upstream: Arc::clone(&upstream.host.address),
            source: Arc::clone(&upstream.source),
            visitor: Visitor {
                client: exchange.client_ip,
                host: exchange.authority().into(),
                path: exchange.original().1.path().into(),
            },
        };
        let line = self.logs.line(exchange, &upstream.host.address);
        // The line of the request waits for the end of the stream, unless the stream outlives what it came from.
        let request = match &mut exchange.access_log {
            Some(request) if !self.owner.detached => Some(request.keep()),
            _ => None,
        };
        move || {
            if let Some(line) = &line {
                line.opened();
            }
            let ended = move |ended: Ended| {
                drop(in_flight);
                if let Some(request) = request {
                    request.ended(ended.to_upstream, ended.from_upstream);
                }
                if let Some(line) = line {
                    line.closed(&ended);
                }
            };
            (opened, Box::new(ended))
        }
    }
}

/// The head that the client gets: hop-by-hop fields are gone but for those of the upgrade itself.
fn client_response(response: Response, connect: bool, token: HeaderValue) -> Response {
    let (mut head, _) = response.into_parts();
    strip_hop_by_hop(&mut head.headers);
    if connect {
        head.status = StatusCode::OK;
        head.headers.remove(header::SEC_WEBSOCKET_ACCEPT);
    } else {
        head.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        head.headers.insert(header::UPGRADE, token);
    }
    let mut client = Response::new(Body::Empty);
    *client.status_mut() = head.status;
    *client.headers_mut() = head.headers;
    client
}

/// Whether the client opens a WebSocket on a stream of HTTP/2 (RFC 8441, section 4).
pub(super) fn is_extended_connect(exchange: &Exchange) -> bool {
    exchange.request.method == Method::CONNECT
        && exchange.connect.as_ref().is_some_and(|connect| &*connect.protocol == "websocket")
}

/// Makes the request one that HTTP/1.1 upstreams understand.
pub(super) fn from_extended_connect(headers: &mut HeaderMap) {
    let key: [u8; 16] = std::array::from_fn(|_| fastrand::u8(..));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(key) = HeaderValue::from_str(&STANDARD.encode(key)) {
        headers.insert(header::SEC_WEBSOCKET_KEY, key);
    }
}

impl Logs {
    fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let default = caddis_config::http::reverse_proxy::StreamLogs::default();
        let logs = config.stream_logs.as_ref().unwrap_or(&default);
        let level = match logs.level.trim().to_ascii_lowercase().as_str() {
            "" | "debug" => Level::Debug,
            "info" => Level::Info,
            "warn" => Level::Warn,
            "error" => Level::Error,
            _ => {
                let message =
                    format!("invalid stream_logs.level \"{0}\": unrecognized level: \"{0}\"", logs.level);
                return Err(cx.at("level", |cx| cx.error(message)));
            }
        };
        let root = cx.process.logger.clone();
        let logger = match &*logs.logger_name {
            "" => Some(root.named(STREAM)),
            "access" => None,
            name => Some(root.named(name)),
        };
        Ok(Self { root, logger, level, skip_handshake: logs.skip_handshake })
    }

    /// What the lines of a stream say; `None` when nobody takes them.
    fn line(&self, exchange: &Exchange, upstream: &Arc<str>) -> Option<Box<Line>> {
        let mut loggers = match &self.logger {
            Some(logger) => vec![logger.clone()],
            None => access_log::loggers(exchange, &self.root),
        };
        loggers.retain(|logger| logger.enabled(self.level));
        (!loggers.is_empty()).then(|| {
            Box::new(Line {
                loggers,
                level: self.level,
                uuid: exchange.uuid().to_owned(),
                upstream: Arc::clone(upstream),
                host: exchange.authority().to_owned(),
                uri: exchange.original().1.to_string(),
                client: exchange.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            })
        })
    }
}

struct Line {
    loggers: Vec<Logger>,
    level: Level,
    uuid: String,
    upstream: Arc<str>,
    host: String,
    uri: String,
    client: String,
}

impl Line {
    fn opened(&self) {
        self.write("connection opened", |_| {});
    }

    fn closed(&self, ended: &Ended) {
        self.write("connection closed", |fields| {
            fields
                .add("duration", ended.duration)
                .add("bytes_to_backend", ended.to_upstream)
                .add("bytes_from_backend", ended.from_upstream)
                .add("result", ended.outcome.as_str())
                .add("reason", ended.reason.as_str());
            if ended.dropped_datagrams > 0 {
                fields.add("dropped_datagrams", ended.dropped_datagrams);
            }
            if let Some(error) = &ended.error {
                fields.error(error);
            }
        });
    }

    fn write(&self, message: &str, more: impl FnOnce(&mut Fields)) {
        let mut fields = Fields::default();
        fields
            .add("uuid", &*self.uuid)
            .add("upstream", &*self.upstream)
            .add("host", &*self.host)
            .add("uri", &*self.uri)
            .add("client_ip", &*self.client);
        more(&mut fields);
        for logger in &self.loggers {
            logger.write(self.level, message, &fields);
        }
    }
}
