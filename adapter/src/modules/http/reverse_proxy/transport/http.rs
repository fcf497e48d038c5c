//! `transport http`: HTTP/1.1, HTTP/2 and HTTP/3 to upstreams, with or without TLS.

use caddis_config::{
    http::reverse_proxy::{
        Transport,
        transport::{Http, KeepAlive},
    },
    network_proxy::ProxyUrl,
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, block_row, read_block, row},
    values::{duration, integer, size},
};

mod tls;

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<Transport> {
    let mut transport = Http::default();
    if only_block(cx, line) {
        read_block(cx, line, ROWS, &mut transport);
    }
    Ok(transport.into())
}

#[rustfmt::skip]
pub(crate) static ROWS: &[Row<Http>] = &[
    row("read_buffer", Shape::One("size"), read_buffer),
    row("write_buffer", Shape::One("size"), write_buffer),
    row("read_timeout", Shape::One("duration"), read_timeout),
    row("write_timeout", Shape::One("duration"), write_timeout),
    row("max_response_header", Shape::One("size"), max_response_header),
    row("proxy_protocol", Shape::One("v1|v2"), proxy_protocol),
    row("forward_proxy_url", Shape::One("url"), forward_proxy_url),
    block_row("network_proxy", Shape::Some("module"), network_proxy),
    row("dial_timeout", Shape::One("duration"), dial_timeout),
    row("dial_fallback_delay", Shape::One("duration"), dial_fallback_delay),
    row("response_header_timeout", Shape::One("duration"), response_header_timeout),
    row("expect_continue_timeout", Shape::One("duration"), expect_continue_timeout),
    row("resolvers", Shape::Any("address"), resolvers),
    row("tls", Shape::Flag, tls::enable),
    row("tls_client_auth", Shape::Some("automate|cert key"), tls::client_auth),
    row("tls_insecure_skip_verify", Shape::Flag, tls::insecure_skip_verify),
    row("tls_curves", Shape::Some("curve"), tls::curves),
    row("tls_timeout", Shape::One("duration"), tls::timeout),
    row("tls_trusted_ca_certs", Shape::Some("file"), tls::trusted_ca_certs),
    block_row("tls_trust_pool", Shape::Some("module"), tls::trust_pool),
    row("tls_server_name", Shape::One("name"), tls::server_name),
    row("tls_renegotiation", Shape::One("never|once|freely"), tls::renegotiation),
    row("tls_except_ports", Shape::Some("port"), tls::except_ports),
    row("keepalive", Shape::One("off|duration"), keepalive),
    row("keepalive_interval", Shape::One("duration"), keepalive_interval),
    row("keepalive_idle_conns", Shape::One("count"), keepalive_idle_conns),
    row("keepalive_idle_conns_per_host", Shape::One("count"), keepalive_idle_conns_per_host),
    row("versions", Shape::Some("version"), versions),
    row("compression", Shape::Optional("off"), compression),
    row("max_conns_per_host", Shape::One("count"), max_conns_per_host),
    row("local_address", Shape::One("address"), local_address),
];

fn read_buffer(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.read_buffer_size = size(line.one()?, "invalid read buffer size")?;
    Ok(())
}

fn write_buffer(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.write_buffer_size = size(line.one()?, "invalid write buffer size")?;
    Ok(())
}

fn read_timeout(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.read_timeout = duration(line.one()?, "invalid read timeout duration")?;
    Ok(())
}

fn write_timeout(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.write_timeout = duration(line.one()?, "invalid write timeout duration")?;
    Ok(())
}

fn max_response_header(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.max_response_header_size = size(line.one()?, "invalid max response header size")?;
    Ok(())
}

fn proxy_protocol(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let version = line.one()?;
    if !matches!(&*version.text, "v1" | "v2") {
        return Err(errors::proxy::bad_proxy_protocol(version));
    }
    transport.proxy_protocol = version.string();
    Ok(())
}

fn forward_proxy_url(transport: &mut Http, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let url = line.one()?.string();
    cx.report(errors::proxy::forward_proxy_url_deprecated(line));
    transport.network_proxy = Some(ProxyUrl { url }.into());
    Ok(())
}

fn network_proxy(transport: &mut Http, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    transport.network_proxy = Some(cx.module_argument(line)?);
    Ok(())
}

fn dial_timeout(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.dial_timeout = duration(line.one()?, "bad timeout value")?;
    Ok(())
}

fn dial_fallback_delay(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.dial_fallback_delay = duration(line.one()?, "bad fallback delay value")?;
    Ok(())
}

fn response_header_timeout(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.response_header_timeout = duration(line.one()?, "bad timeout value")?;
    Ok(())
}

fn expect_continue_timeout(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.expect_continue_timeout = duration(line.one()?, "bad timeout value")?;
    Ok(())
}

fn resolvers(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.resolver = Some(super::super::resolver(line)?);
    Ok(())
}

fn keepalive(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    if &*word.text == "off" {
        keep_alive(transport).enabled = Some(false);
    } else {
        keep_alive(transport).idle_timeout = duration(word, "bad duration value")?;
    }
    Ok(())
}

fn keepalive_interval(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    keep_alive(transport).probe_interval = duration(line.one()?, "bad interval value")?;
    Ok(())
}

fn keepalive_idle_conns(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    keep_alive(transport).max_idle_conns = integer(line.one()?, "bad integer value")?;
    Ok(())
}

fn keepalive_idle_conns_per_host(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    keep_alive(transport).max_idle_conns_per_host = integer(line.one()?, "bad integer value")?;
    Ok(())
}

fn keep_alive(transport: &mut Http) -> &mut KeepAlive {
    transport.keep_alive.get_or_insert_default()
}

fn versions(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.versions = line.args().iter().map(Value::string).collect();
    Ok(())
}

/// Anything but `off` changes nothing.
fn compression(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    if line.optional()?.is_some_and(|word| &*word.text == "off") {
        transport.compression = Some(false);
    }
    Ok(())
}

fn max_conns_per_host(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.max_conns_per_host = integer(line.one()?, "bad integer value")?;
    Ok(())
}

fn local_address(transport: &mut Http, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    transport.local_address = line.one()?.string();
    Ok(())
}
