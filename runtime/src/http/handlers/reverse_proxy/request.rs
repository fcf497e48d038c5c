//! The request as the upstream gets it: what belongs to the client's connection only is taken off, what the upstream
//! should know of the client is added (RFC 9110, sections 7.6 and 7.6.3; `X-Forwarded-*` as Caddy does).

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use ipnet::IpNet;

use crate::http::{
    Exchange,
    hop_by_hop::{self, has_token, named_by_connection},
};

const EARLY_DATA: HeaderName = HeaderName::from_static("early-data");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Fields that are about one connection, whether `Connection` names them or not. `Trailer` is none of them here: it
/// announces the trailers that are passed on.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    match *name {
        header::CONNECTION
        | header::ALT_SVC
        | header::PROXY_AUTHENTICATE
        | header::PROXY_AUTHORIZATION
        | header::TE
        | header::TRANSFER_ENCODING
        | header::UPGRADE => true,
        _ => *name == PROXY_CONNECTION || *name == KEEP_ALIVE,
    }
}

/// The fields for the upstream, before any that the configuration changes.
pub(super) fn headers(exchange: &Exchange, trusted: &[IpNet]) -> HeaderMap {
    let given = &exchange.request.headers;
    let named = named_by_connection(given);
    // Room for what is mostly added below.
    let mut headers = HeaderMap::with_capacity(given.len() + 4);
    for (name, value) in given {
        if !is_hop_by_hop(name) && !named.contains(name) {
            headers.append(name, value.clone());
        }
    }
    if let Some(authority) = exchange.request.uri.authority() {
        let host = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(header::HOST, host);
        }
    }
    if wants_trailers(given) {
        headers.insert(header::TE, TRAILERS);
    }
    if let Some(token) = wanted_upgrade(exchange) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, token);
    }
    if exchange.is_early() {
        // So that the upstream, too, can ask for the request once more (RFC 8470, section 5.1).
        headers.insert(EARLY_DATA, HeaderValue::from_static("1"));
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

/// What the client wants to switch to, and may: HTTP/1.0 has nothing like that (RFC 9110, section 7.8). HTTP/2 is none of the
/// protocols that can be asked for any more (RFC 9113, section 3.1), and behind a tunnel of it nobody would see the requests.
pub(super) fn wanted_upgrade(exchange: &Exchange) -> Option<HeaderValue> {
    let token = upgrade_token(&exchange.request.headers)?;
    (exchange.request.version != Version::HTTP_10 && !matches!(token.as_bytes(), b"h2c" | b"h2"))
        .then_some(token)
}

/// What the message wants to switch to, in lower case.
pub(in crate::http::handlers) fn upgrade_token(headers: &HeaderMap) -> Option<HeaderValue> {
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

/// Removes what is about one connection only.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    hop_by_hop::strip(headers, is_hop_by_hop);
}

fn add_forwarded(headers: &mut HeaderMap, exchange: &Exchange, trusted: &[IpNet]) {
    let ip = exchange.connection.remote.map(|remote| remote.ip().to_canonical());
    let is_listed = |ip| !exchange.is_early() && trusted.iter().any(|range| range.contains(&ip));
    let trusted = exchange.trusted_proxy || ip.is_some_and(is_listed);
    if ip.is_none() && !trusted {
        for name in [FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST] {
            headers.remove(name);
        }
        return;
    }
    let told = |name: HeaderName| {
        let last = trusted.then(|| headers.get_all(name).iter().next_back()).flatten();
        last.filter(|value| !value.is_empty()).cloned()
    };
    let scheme = HeaderValue::from_static(if exchange.is_tls() { "https" } else { "http" });
    let proto = told(FORWARDED_PROTO).unwrap_or(scheme);
    let host = told(FORWARDED_HOST).or_else(|| headers.get(header::HOST).cloned());
    if let Some(clients) = forwarded_for(headers, exchange.connection.peer.as_ref(), trusted) {
        headers.insert(FORWARDED_FOR, clients);
    }
    headers.insert(FORWARDED_PROTO, proto);
    headers.insert(FORWARDED_HOST, host.unwrap_or(HeaderValue::from_static("")));
}

fn forwarded_for(headers: &HeaderMap, peer: Option<&HeaderValue>, trusted: bool) -> Option<HeaderValue> {
    if !trusted {
        return peer.cloned();
    }
    let told = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    let told = told.collect::<Vec<_>>().join(&b", "[..]);
    match peer {
        _ if told.is_empty() => peer.cloned(),
        None => HeaderValue::from_bytes(&told).ok(),
        Some(peer) => HeaderValue::from_bytes(&[&told, &b", "[..], peer.as_bytes()].concat()).ok(),
    }
}

#[cfg(test)]
mod tests;
