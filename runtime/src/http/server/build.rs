//! From a server of the configuration to what answers on its listeners.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, OnceLock},
    time::Duration,
};

use caddis_config as config;

use super::{Server, client_ip::ClientIp, header_names::HeaderNames, slow_clients::BodyLimits};
use crate::{
    build::{Build, BuildError},
    http::{
        access_log::Logs,
        connection::{Endpoint, Limits, Protocols},
        routes,
    },
    listen::{
        self, KeepAlive,
        address::{Address, Listen, Network},
    },
    listeners,
    metrics::observer as metrics,
    tls::{
        Terminator, Tls,
        automation::Parts,
        client_auth,
        policy::{self, Terms},
    },
};

/// A server and where it answers.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) server: Arc<Server>,
    pub(crate) listening: Vec<Listening>,
}

/// One address that a server answers on.
#[derive(Debug)]
pub(crate) struct Listening {
    /// The place of its address in the `listen` list.
    pub(crate) number: usize,
    pub(crate) address: Address,
    pub(crate) permissions: u32,
    /// What answers; by its protocols, connections of TCP, of QUIC or of both.
    pub(crate) endpoint: Endpoint,
}

/// What a server needs of the rest of the configuration.
pub(crate) struct Around<'a, 'p> {
    pub(crate) tls: &'a Arc<Tls>,
    pub(crate) parts: &'a mut Parts<'p>,
    /// Where there is never TLS.
    pub(crate) http_port: u16,
    /// `None` when requests are not counted.
    pub(crate) metrics: Option<metrics::Plan>,
    /// Places of routes that are not in the configuration, by server.
    pub(crate) added: &'a BTreeMap<String, Range<usize>>,
}

const MINUTE: config::Duration = config::Duration::from_secs(60);
const IDLE: config::Duration = config::Duration::from_secs(300);
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Builds the server called `name`.
///
/// # Errors
/// Names what is wrong or not supported.
pub(crate) fn build(
    name: &str,
    config: &config::http::Server,
    around: &mut Around<'_, '_>,
    cx: &mut Build,
) -> Result<Built, BuildError> {
    name.clone_into(&mut cx.server);
    refuse(config, cx)?;
    let added = around.added.get(name).cloned().unwrap_or_default();
    let mut routes = routes::build_server(config, &added, cx)?;
    if let Some(metrics) = &around.metrics {
        for route in &mut routes.routes {
            let handler = route.handlers.first().map_or("", |handler| handler.name());
            route.observer = Some(metrics.observer(name, handler));
        }
    }
    let server = Arc::new(Server {
        name: name.to_owned(),
        routes: routes.routes,
        errors: routes.errors,
        client_ip: ClientIp::build(config, cx)?,
        header_names: HeaderNames::build(config, cx)?,
        body_limits: BodyLimits::new(config),
        strict_sni_host: config.strict_sni_host.unwrap_or_else(|| asks_clients(config, cx)),
        logs: match &config.logs {
            Some(logs) => Some(cx.at("logs", |cx| Logs::build(logs, cx))?),
            None => None,
        },
        error_log: cx.process.logger.named("http.log.error"),
        alternatives: OnceLock::new(),
    });
    let count = config.listen_protocols.len();
    if count != 0 && count != config.listen.len() {
        let addresses = config.listen.len();
        return Err(cx.error(format!(
            "listener protocols count does not match address count: {count} != {addresses}"
        )));
    }
    let has_tls = !config.tls_connection_policies.is_empty();
    let wrappers =
        cx.at("listener_wrappers", |cx| listeners::build(&config.listener_wrappers, has_tls, cx))?;
    let wrappers = Arc::new(wrappers);
    let mut listening = Vec::new();
    for (number, text) in config.listen.iter().enumerate() {
        let at = |cx: &mut Build| {
            let listen = Listen::parse(text, 0).map_err(|error| BuildError {
                unsupported: error.unsupported,
                ..cx.error(error.to_string())
            })?;
            let chosen = config.listen_protocols.get(number).and_then(Option::as_ref);
            let names = chosen.unwrap_or(&config.protocols);
            Ok((listen, protocols(names, cx)?, !names.is_empty()))
        };
        let (listen, protocols, chosen) = cx.at("listen", |cx| cx.at(number, at))?;
        let terminator = match config.tls_connection_policies.as_slice() {
            [] => None,
            policies => {
                let terms = Terms { protocols, early: early(config) };
                let build = |cx: &mut Build| policy::build(policies, &terms, around.tls, around.parts, cx);
                Some(cx.at("tls_connection_policies", build)?)
            }
        };
        for address in listen.addresses {
            let tls = terminator.clone().filter(|_| address.port != around.http_port);
            let terms = match &tls {
                Some(_) => config::to_json(&config.tls_connection_policies),
                None => String::new(),
            };
            let protocols =
                Protocols { h3: protocols.h3 && quic(&address, tls.as_deref(), chosen, cx)?, ..protocols };
            let keepalive = keepalive(config);
            let webtransport = protocols.h3 && config.enable_webtransport;
            let endpoint = Endpoint {
                transport: Arc::new(listen::transport(&keepalive, webtransport)),
                webtransport,
                server: Arc::clone(&server),
                tls,
                wrappers: Arc::clone(&wrappers),
                protocols,
                keepalive,
                terms: format!("{protocols:?} {webtransport} {wrappers:?} {terms}").into(),
                max_header_bytes: usize::try_from(config.max_header_bytes)
                    .ok()
                    .filter(|bytes| *bytes > 0)
                    .unwrap_or(MAX_HEADER_BYTES),
                limits: limits(config),
            };
            listening.push(Listening { number, address, permissions: listen.permissions, endpoint });
        }
    }
    cx.server.clear();
    Ok(Built { server, listening })
}

/// Whether a policy authenticates clients: then a client must not talk to one host under the name of another.
fn asks_clients(config: &config::http::Server, cx: &Build) -> bool {
    let clients =
        config.tls_connection_policies.iter().filter_map(|policy| policy.client_authentication.as_ref());
    let asks = clients.into_iter().any(client_auth::is_active);
    if asks {
        let logger = cx.process.logger.named("http");
        logger.warn("enabling strict SNI-Host enforcement because TLS client auth is configured", |fields| {
            fields.add("server_id", cx.server.as_str());
        });
    }
    asks
}

fn refuse(config: &config::http::Server, cx: &mut Build) -> Result<(), BuildError> {
    let refused = [
        ("write_min_rate", config.write_min_rate != 0),
        ("max_write_chunk", config.max_write_chunk != 0),
        ("packet_conn_wrappers", !config.packet_conn_wrappers.is_empty()),
    ];
    cx.refuse_fields(&refused.map(|(field, set)| (field, set, field)))
}

fn protocols(names: &[String], cx: &Build) -> Result<Protocols, BuildError> {
    if names.is_empty() {
        return Ok(Protocols { h1: true, h2: true, h2c: false, h3: true });
    }
    let mut protocols = Protocols { h1: false, h2: false, h2c: false, h3: false };
    for name in names {
        match name.as_str() {
            "h1" => protocols.h1 = true,
            "h2" => protocols.h2 = true,
            "h2c" => protocols.h2c = true,
            "h3" => protocols.h3 = true,
            other => return Err(cx.error(format!("unrecognized protocol '{other}'"))),
        }
    }
    Ok(protocols)
}

/// Whether HTTP/3 can be served on an address. By default it is where it can be; whoever names it is told why it is not.
fn quic(address: &Address, tls: Option<&Terminator>, chosen: bool, cx: &Build) -> Result<bool, BuildError> {
    let why = match tls {
        _ if address.network == Network::Unix => "HTTP/3 skipped because unix sockets carry no datagrams",
        None => "HTTP/3 skipped because it requires TLS",
        Some(tls) if !tls.serves_quic() => "HTTP/3 skipped because it requires TLS 1.3",
        Some(_) => return Ok(true),
    };
    if chosen && !cx.is_survey() {
        cx.process.logger.named("http").warn(why, |fields| {
            fields.add("addr", address.to_string());
        });
    }
    Ok(false)
}

/// What clients that send early data rely on: the settings of HTTP/3 that the server gave them before (RFC 9114, section
/// 7.2.4.2). `None` where none is taken.
fn early(config: &config::http::Server) -> Option<String> {
    let settings = || format!("{} {}", config.max_header_bytes, config.enable_webtransport);
    (config.allow_0rtt != Some(false)).then(settings)
}

fn limits(config: &config::http::Server) -> Limits {
    let whole = config.read_timeout.to_std().filter(|limit| !limit.is_zero());
    let header = config.read_header_timeout.or(MINUTE);
    Limits {
        read_header: header.into_iter().chain(whole).min(),
        idle: config.idle_timeout.or(IDLE),
        write_idle: config.write_idle_timeout.or(MINUTE),
        write: config.write_timeout.to_std().filter(|limit| !limit.is_zero()),
    }
}

fn keepalive(config: &config::http::Server) -> KeepAlive {
    let default = KeepAlive::default();
    let or = |value: config::Duration, default: Duration| {
        value.to_std().filter(|value| *value >= Duration::from_secs(1)).unwrap_or(default)
    };
    KeepAlive {
        enabled: config.keepalive_interval.0 >= 0,
        idle: or(config.keepalive_idle, default.idle),
        interval: or(config.keepalive_interval, default.interval),
        count: u32::try_from(config.keepalive_count).ok().filter(|count| *count > 0).unwrap_or(default.count),
    }
}
