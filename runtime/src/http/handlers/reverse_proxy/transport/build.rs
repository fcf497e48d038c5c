//! From the configuration of the transport `http` to what it does.

use std::{net::SocketAddr, time::Duration};

use caddis_config::{
    Duration as Span,
    http::reverse_proxy::transport::{Http as Config, KeepAlive},
    network_proxy::NetworkProxy as Proxy,
    to_json,
};
use xxhash_rust::xxh64::xxh64;

use super::{
    super::dynamic::resolver,
    Dialer, HttpTransport, Keep, NetworkProxy, ProxyProtocol, Versions,
    h1::MOST_HEAD,
    h2,
    h3::Quic,
    limits::Limits,
    places::{Connections, Most},
    tls::Tls,
};
use crate::build::{Build, BuildError};

const DIAL_TIMEOUT: Span = Span::from_secs(3);
/// Head start of the preferred kind of addresses: Go's default. RFC 8305 (section 5) recommends 250 ms.
pub(super) const FALLBACK_DELAY: Span = Span::from_millis(300);
const PROBE_INTERVAL: Span = Span::from_secs(30);
const IDLE_TIMEOUT: Span = Span::from_secs(120);
/// A buffer whose size is not given, beside one that is.
const BUFFER: usize = 4096;

/// Most idle connections to one upstream, on each shard. Caddy's 32 for the whole process makes it open connections
/// anew whenever more requests than that are under way.
const IDLE_PER_UPSTREAM: usize = 512;

impl HttpTransport {
    /// # Errors
    /// When something is invalid, cannot be read, or is not supported.
    pub(in super::super) fn build(config: &Config, cx: &mut Build) -> Result<Self, BuildError> {
        let mut fingerprint = to_json(config).into_bytes();
        let tls = match &config.tls {
            Some(tls) => Some(cx.at("tls", |cx| Tls::build(tls, &mut fingerprint, cx))?),
            None => None,
        };
        let versions = cx.at("versions", |cx| versions(&config.versions, tls.is_some(), cx))?;
        let quic = match versions.h3 {
            true => Some(quic(config, tls.as_ref(), cx)?),
            false => None,
        };
        let default = KeepAlive::default();
        let keep_alive = config.keep_alive.as_ref().unwrap_or(&default);
        let mut most_head = MOST_HEAD;
        let mut h2 = h2::builder();
        if let Ok(size @ 1..) = usize::try_from(config.max_response_header_size) {
            most_head = size;
            h2.max_header_list_size(u32::try_from(size).unwrap_or(u32::MAX));
        }
        let id = xxh64(&fingerprint, 0);
        let most = Most {
            connections: positive(config.max_conns_per_host),
            idle_per_host: positive(keep_alive.max_idle_conns_per_host),
            idle: positive(keep_alive.max_idle_conns),
        };
        Ok(Self {
            id,
            dialer: Dialer {
                timeout: config.dial_timeout.or(DIAL_TIMEOUT).unwrap_or(Duration::MAX),
                fallback_delay: config.dial_fallback_delay.or(FALLBACK_DELAY),
                resolver: resolver(config.resolver.as_ref(), config.dial_timeout, cx)?,
                probe_interval: keep_alive.probe_interval.or(PROBE_INTERVAL),
                local: cx.at("local_address", |cx| local_address(&config.local_address, cx))?,
            },
            keep: keep(keep_alive),
            tls,
            versions,
            quic,
            limits: Limits {
                read: config.read_timeout.to_std().filter(|limit| !limit.is_zero()),
                write: config.write_timeout.to_std().filter(|limit| !limit.is_zero()),
            },
            header_timeout: config.response_header_timeout.to_std().filter(|limit| !limit.is_zero()),
            proxy_protocol: match &*config.proxy_protocol {
                "" => None,
                "v1" => Some(ProxyProtocol::V1),
                "v2" => Some(ProxyProtocol::V2),
                other => {
                    return Err(cx.at("proxy_protocol", |cx| {
                        cx.error(format!("unexpected proxy protocol version: {other}"))
                    }));
                }
            },
            network_proxy: NetworkProxy::build(config, cx)?,
            connections: cx.process.hosts.connections(id, || Connections::new(most, &cx.process)),
            is_limited: most.connections.is_some(),
            buffers: buffers(config),
            continue_timeout: config.expect_continue_timeout.to_std().filter(|limit| !limit.is_zero()),
            compression: config.compression == Some(true),
            most_head,
            h2,
        })
    }

    /// The longest wait for the head of a response.
    pub(in super::super) fn header_timeout(&self) -> Option<Duration> {
        self.header_timeout
    }
}

/// Sizes for reading and writing, if one of them is given.
fn buffers(config: &Config) -> Option<(usize, usize)> {
    let (read, write) = (positive(config.read_buffer_size), positive(config.write_buffer_size));
    (read.is_some() || write.is_some()).then(|| (read.unwrap_or(BUFFER), write.unwrap_or(BUFFER)))
}

fn versions(names: &[String], tls: bool, cx: &mut Build) -> Result<Versions, BuildError> {
    if names.is_empty() {
        return Ok(Versions { h1: true, h2: true, h2c: false, h3: false });
    }
    let mut versions = Versions { h1: false, h2: false, h2c: false, h3: false };
    for (index, name) in names.iter().enumerate() {
        match name.as_str() {
            "1.1" => versions.h1 = true,
            "2" => versions.h2 = true,
            "h2c" => versions.h2c = true,
            "3" => versions.h3 = true,
            other => {
                let message = format!("unsupported HTTP version: {other}, supported version: 1.1, 2, h2c, 3");
                return Err(cx.at(index, |cx| cx.error(message)));
            }
        }
    }
    if versions.h3 && names.len() > 1 {
        return Err(cx.error("if HTTP/3 is enabled to the upstream, no other HTTP versions are supported"));
    }
    // Without TLS there is no way to agree on HTTP/2, so that "2" alone means what is left.
    versions.h1 |= !tls && !versions.h2c && !versions.h3;
    Ok(versions)
}

/// How HTTP/3 gets to upstreams. What is about connections of TCP has no meaning there.
fn quic(config: &Config, tls: Option<&Tls>, cx: &mut Build) -> Result<Quic, BuildError> {
    let Some(tls) = tls else {
        let message = "HTTP/3 is always encrypted, and the transport has no TLS: use https:// or tls";
        return Err(cx.at("versions", |cx| cx.error(message)));
    };
    let proxied = config.network_proxy.as_ref().is_some_and(|proxy| matches!(proxy, Proxy::Url(_)));
    cx.refuse_fields(&[
        ("network_proxy", proxied, "a network proxy for HTTP/3"),
        ("forward_proxy_url", !config.forward_proxy_url.is_empty(), "a network proxy for HTTP/3"),
        ("proxy_protocol", !config.proxy_protocol.is_empty(), "the PROXY protocol ahead of HTTP/3"),
        ("max_conns_per_host", config.max_conns_per_host > 0, "a limit of connections of HTTP/3"),
        ("read_timeout", !config.read_timeout.is_zero(), "a limit for reads of HTTP/3"),
        ("write_timeout", !config.write_timeout.is_zero(), "a limit for writes of HTTP/3"),
        ("read_buffer_size", config.read_buffer_size > 0, "a read buffer for HTTP/3"),
        ("write_buffer_size", config.write_buffer_size > 0, "a write buffer for HTTP/3"),
    ])?;
    if !tls.except_ports.is_empty() {
        let message = "HTTP/3 is always encrypted: there are no ports without TLS";
        return Err(cx.at("tls", |cx| cx.at("except_ports", |cx| cx.error(message))));
    }
    let probes = config.keep_alive.as_ref().map_or(Span::default(), |keep| keep.probe_interval);
    let quic = Quic::new(tls.config().clone(), tls.handshake_timeout, probes.or(PROBE_INTERVAL));
    quic.map_err(|error| cx.at("tls", |cx| cx.error(format!("it cannot be used for QUIC: {error}"))))
}

fn keep(config: &KeepAlive) -> Option<Keep> {
    if config.enabled == Some(false) {
        return None;
    }
    Some(Keep {
        idle_timeout: config.idle_timeout.or(IDLE_TIMEOUT).unwrap_or(Duration::from_secs(365 * 86400)),
        // A limit that is given counts over all shards.
        per_key: positive(config.max_idle_conns_per_host).map_or(IDLE_PER_UPSTREAM, |_| usize::MAX),
    })
}

fn positive(limit: i64) -> Option<usize> {
    usize::try_from(limit).ok().filter(|limit| *limit > 0)
}

fn local_address(text: &str, cx: &mut Build) -> Result<Option<SocketAddr>, BuildError> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = text.strip_prefix("tcp/").unwrap_or(text);
    let address = text.parse().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 0)));
    address.map(Some).map_err(|_| cx.error(format!("{text} is no IP address to connect from")))
}
