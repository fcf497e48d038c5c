//! The request as the upstream gets it: what belongs to the client's connection only is taken off, what the upstream
//! should know of the client is added (RFC 9110, sections 7.6 and 7.6.3; `X-Forwarded-*` as Caddy does).

use std::{io::Write, net::IpAddr};

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{self, Entry},
};
use ipnet::IpNet;

use crate::http::Exchange;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Fields that are about one connection, whether `Connection` names them or not. `Trailer` is none of them here: it
/// announces the trailers that are passed on.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::ALT_SVC,
    PROXY_CONNECTION,
    KEEP_ALIVE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The fields for the upstream, before any that the configuration changes.
pub(super) fn headers(exchange: &Exchange, trusted: &[IpNet]) -> HeaderMap {
    let mut headers = exchange.request.headers.clone();
    headers.reserve(5);
    let upgrade = upgrade_token(&headers);
    let trailers = wants_trailers(&headers);
    if let Some(authority) = exchange.request.uri.authority() {
        let host = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(header::HOST, host);
        }
    }
    strip_hop_by_hop(&mut headers);
    if trailers {
        headers.insert(header::TE, TRAILERS);
    }
    if let Some(token) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, token);
    }
    add_forwarded(&mut headers, exchange, trusted);
    headers.append(header::VIA, via(exchange.request.version));
    headers
}

/// What this server calls itself to the next one.
pub(super) fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_09 => "0.9 Caddis",
        Version::HTTP_10 => "1.0 Caddis",
        Version::HTTP_2 => "2.0 Caddis",
        Version::HTTP_3 => "3.0 Caddis",
        _ => "1.1 Caddis",
    })
}

/// What the message wants to switch to, in lower case.
pub(super) fn upgrade_token(headers: &HeaderMap) -> Option<HeaderValue> {
    let upgrade = headers.get(header::UPGRADE)?;
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return None;
    }
    let token = upgrade.as_bytes().to_ascii_lowercase();
    HeaderValue::from_bytes(&token).ok().filter(|token| !token.is_empty())
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TE) && has_token(headers, &header::TE, "trailers")
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Removes what is about one connection only.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if let Entry::Occupied(connection) = headers.entry(header::CONNECTION) {
        let values: Vec<HeaderValue> = connection.remove_entry_mult().1.collect();
        let names = values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        for name in names.map(<[u8]>::trim_ascii).filter_map(|name| HeaderName::from_bytes(name).ok()) {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn add_forwarded(headers: &mut HeaderMap, exchange: &Exchange, trusted: &[IpNet]) {
    let ip = exchange.connection.remote.map(|remote| remote.ip().to_canonical());
    let trusted =
        exchange.trusted_proxy || ip.is_some_and(|ip| trusted.iter().any(|range| range.contains(&ip)));
    if ip.is_none() && !trusted {
        for name in [FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST] {
            headers.remove(name);
        }
        return;
    }
    let told = |name: HeaderName| {
        let last = headers.get_all(name).iter().next_back();
        last.filter(|value| trusted && !value.is_empty()).cloned()
    };
    let scheme = HeaderValue::from_static(if exchange.is_tls() { "https" } else { "http" });
    let proto = told(FORWARDED_PROTO).unwrap_or(scheme);
    let host = told(FORWARDED_HOST).or_else(|| headers.get(header::HOST).cloned());
    if let Some(clients) = forwarded_for(headers, ip, trusted) {
        headers.insert(FORWARDED_FOR, clients);
    }
    headers.insert(FORWARDED_PROTO, proto);
    headers.insert(FORWARDED_HOST, host.unwrap_or(HeaderValue::from_static("")));
}

fn forwarded_for(headers: &HeaderMap, ip: Option<IpAddr>, trusted: bool) -> Option<HeaderValue> {
    // Long enough for every IPv6 address.
    let mut written = [0; 48];
    let mut rest = &mut written[..];
    if let Some(ip) = ip {
        write!(rest, "{ip}").expect("48 bytes are enough for an address");
    }
    let unused = rest.len();
    let ip = &written[..written.len() - unused];
    if trusted {
        let prior: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
        let prior = prior.join(&b", "[..]);
        if !prior.is_empty() {
            let separator = if ip.is_empty() { "" } else { ", " };
            return HeaderValue::from_bytes(&[&prior, separator.as_bytes(), ip].concat()).ok();
        }
    }
    if ip.is_empty() { None } else { HeaderValue::from_bytes(ip).ok() }
}

#[cfg(test)]
mod tests;
