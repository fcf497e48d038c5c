//! `servers`: settings of the servers that the sites end up on.

use caddis_config::http::{Metrics, Server};
use caddis_grammar::{Span, Statement, Token};

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, read_block_or, row},
    values::{duration, size},
};

mod client_ip_headers;
mod listener_wrappers;
mod protocols;
mod strict_sni_host;
mod timeouts;

/// Settings of all servers, or of those that listen on one address.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerOptions {
    /// The address; empty for the servers that no other settings fit.
    pub listener_address: String,
    /// The name of the server in the JSON; empty to leave it.
    pub name: String,
    /// A server with these settings and nothing else.
    pub server: Server,
    /// Writes credentials into access logs.
    pub log_credentials: bool,
    /// Logs each handler that is run.
    pub trace: bool,
    /// Where the settings stand.
    pub span: Span,
}

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut settings = ServerOptions {
        listener_address: line.optional()?.map(Value::string).unwrap_or_default(),
        name: String::new(),
        server: Server::default(),
        log_credentials: false,
        trace: false,
        span: line.span(),
    };
    read_block_or(cx, line, ROWS, &mut settings, |_, line, _| {
        Err(errors::options::unknown_in("servers option", line.name(), ROWS))
    });
    options.servers.push(settings);
    Ok(())
}

/// Puts the settings with the longest address first, because the first that fit are taken, and rejects two that claim
/// the same address or the same name.
pub(super) fn sort_and_check(cx: &mut Cx<'_>, servers: &mut [ServerOptions]) {
    servers.sort_by_key(|settings| std::cmp::Reverse(settings.listener_address.len()));
    for (at, settings) in servers.iter().enumerate() {
        let earlier = &servers[..at];
        if let Some(first) = earlier.iter().find(|other| other.listener_address == settings.listener_address)
        {
            cx.report(errors::options::duplicate_listener(
                &settings.listener_address,
                first.span,
                settings.span,
            ));
        }
        let same_name = |other: &&ServerOptions| !settings.name.is_empty() && other.name == settings.name;
        if let Some(first) = earlier.iter().find(same_name) {
            cx.report(errors::options::duplicate_server_name(&settings.name, first.span, settings.span));
        }
    }
}

#[rustfmt::skip]
pub(crate) static ROWS: &[Row<ServerOptions>] = &[
    row("0rtt", Shape::One("off"), early_data),
    block_row("client_ip_headers", Shape::Any("field"), client_ip_headers::read),
    row("enable_full_duplex", Shape::Flag, |settings, _, _| set(&mut settings.server.enable_full_duplex)),
    row("enable_webtransport", Shape::Flag, |settings, _, _| set(&mut settings.server.enable_webtransport)),
    row("expected_dot_headers", Shape::Some("field"), |settings, line, _| {
        settings.server.expected_dot_headers = words(line);
        Ok(())
    }),
    row("expected_underscore_headers", Shape::Some("field"), |settings, line, _| {
        settings.server.expected_underscore_headers = words(line);
        Ok(())
    }),
    row("keepalive_count", Shape::One("count"), keepalive_count),
    row("keepalive_idle", Shape::One("duration"), |settings, line, _| {
        settings.server.keepalive_idle = duration(line.one()?, "bad keepalive idle duration")?;
        Ok(())
    }),
    row("keepalive_interval", Shape::One("duration"), |settings, line, _| {
        settings.server.keepalive_interval = duration(line.one()?, "bad keepalive interval duration")?;
        Ok(())
    }),
    block_row("listener_wrappers", Shape::Flag, listener_wrappers::read),
    row("log_credentials", Shape::Flag, |settings, _, _| set(&mut settings.log_credentials)),
    row("max_header_size", Shape::One("size"), |settings, line, _| {
        settings.server.max_header_bytes = size(line.one()?, "bad max_header_size")?;
        Ok(())
    }),
    block_row("metrics", Shape::Flag, metrics),
    row("name", Shape::Any("name"), name),
    block_row("packet_conn_wrappers", Shape::Flag, listener_wrappers::read_packet_conn_wrappers),
    block_row("protocols", Shape::Any("h1|h2|h2c|h3"), protocols::read),
    row("strict_sni_host", Shape::Optional("on|insecure_off"), strict_sni_host::read),
    block_row("timeouts", Shape::Flag, timeouts::read),
    row("trace", Shape::Flag, |settings, _, _| set(&mut settings.trace)),
    block_row("trusted_proxies", Shape::Any("module"), trusted_proxies),
    row("trusted_proxies_strict", Shape::Flag, |settings, _, _| {
        settings.server.trusted_proxies_strict = 1;
        Ok(())
    }),
    row("trusted_proxies_unix", Shape::Flag, |settings, _, _| set(&mut settings.server.trusted_proxies_unix)),
    row("webtransport", Shape::Flag, |settings, _, _| set(&mut settings.server.enable_webtransport)),
];

#[expect(clippy::unnecessary_wraps, reason = "the end of a setter")]
fn set(setting: &mut bool) -> Parsed<()> {
    *setting = true;
    Ok(())
}

fn words(line: &Statement) -> Vec<String> {
    line.args().iter().map(Value::string).collect()
}

fn name(settings: &mut ServerOptions, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    if settings.listener_address.is_empty() {
        return Err(errors::options::name_without_listener(line));
    }
    settings.name = line.one()?.string();
    Ok(())
}

fn early_data(settings: &mut ServerOptions, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    if &*word.text != "off" {
        return Err(errors::options::bad_early_data(word));
    }
    settings.server.allow_0rtt = Some(false);
    Ok(())
}

fn keepalive_count(settings: &mut ServerOptions, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word: &Token = line.one()?;
    let invalid = |reason: &str| errors::proxy::bad_value(word, "bad keepalive count", reason);
    let count = caddis_config::go::number::parse_int(&word.text).map_err(|reason| invalid(&reason))?;
    let count = i32::try_from(count).map_err(|_| invalid("value out of range"))?;
    settings.server.keepalive_count = count.into();
    Ok(())
}

fn trusted_proxies(settings: &mut ServerOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    if line.args().is_empty() {
        return Err(errors::options::no_ip_source(line));
    }
    settings.server.trusted_proxies = Some(cx.module_argument(line)?);
    Ok(())
}

fn metrics(settings: &mut ServerOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    cx.report(errors::options::server_metrics_deprecated(line));
    let mut metrics = Metrics::default();
    read_block_or(cx, line, METRICS, &mut metrics, |_, line, _| {
        Err(errors::options::unknown_in("metrics option", line.name(), METRICS))
    });
    settings.server.metrics = Some(metrics);
    Ok(())
}

pub(crate) static METRICS: &[Row<Metrics>] = &[row("per_host", Shape::Flag, |metrics, _, _| {
    metrics.per_host = true;
    Ok(())
})];
