//! The policies that send equal requests to one upstream: rendezvous hashing, as Caddy does it, so that both agree on
//! the upstream when they stand side by side.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use caddis_config::http::reverse_proxy::selection_policies as config;
use http::{HeaderName, header};
use xxhash_rust::xxh64::Xxh64;

use super::{super::upstreams::Upstream, Selection, SelectionPolicy};
use crate::{
    build::{Build, BuildError},
    http::{Exchange, uri},
    placeholder::{Key, Scope},
};

/// What the choice depends on.
#[derive(Debug)]
pub(in super::super) enum Hashed {
    /// The address of the peer.
    Ip,
    /// The address of the client.
    ClientIp,
    /// Path and query.
    Uri,
    Header(HeaderName, Box<SelectionPolicy>),
    /// A parameter of the query.
    Query(Key, Box<SelectionPolicy>),
}

impl Hashed {
    pub(super) fn header(
        config: &config::Header,
        upstreams: &[Arc<Upstream>],
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        if config.field.is_empty() {
            return Err(cx.error("header field is required"));
        }
        let name = HeaderName::from_bytes(config.field.as_bytes())
            .map_err(|_| cx.error(format!("{} is no name of a header field", config.field)))?;
        let fallback = SelectionPolicy::fallback(config.fallback.as_deref(), upstreams, cx)?;
        Ok(Self::Header(name, fallback))
    }

    pub(super) fn query(
        config: &config::Query,
        upstreams: &[Arc<Upstream>],
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        if config.key.is_empty() {
            return Err(cx.error("query key is required"));
        }
        let fallback = SelectionPolicy::fallback(config.fallback.as_deref(), upstreams, cx)?;
        Ok(Self::Query(Key::Parameter(config.key.as_str().into()), fallback))
    }

    pub(super) fn select(&self, pool: &[Arc<Upstream>], exchange: &Exchange) -> Option<Selection> {
        let address = |ip: Option<IpAddr>| ip.map_or(Cow::Borrowed("@"), |ip| ip.to_string().into());
        let (key, fallback) = match self {
            Self::Ip => (address(exchange.connection.remote.map(|remote| remote.ip().to_canonical())), None),
            Self::ClientIp => (address(exchange.client_ip), None),
            Self::Uri => (uri::request_uri(&exchange.request.uri).into(), None),
            Self::Header(name, fallback) if *name == header::HOST => {
                (exchange.authority().into(), Some(fallback))
            }
            Self::Header(name, fallback) => {
                let value = exchange.request.headers.get(name).map_or(&b""[..], |value| value.as_bytes());
                (String::from_utf8_lossy(value), Some(fallback))
            }
            Self::Query(key, fallback) => {
                (key.text(&Scope::from(exchange)).unwrap_or_default(), Some(fallback))
            }
        };
        match fallback {
            Some(fallback) if key.is_empty() => fallback.select(pool, exchange),
            _ => by_hash(pool, &key).map(|upstream| Arc::clone(upstream).into()),
        }
    }
}

fn by_hash<'a>(pool: &'a [Arc<Upstream>], key: &str) -> Option<&'a Arc<Upstream>> {
    let mut highest = None;
    for upstream in pool.iter().filter(|upstream| upstream.is_available()) {
        let mut hasher = Xxh64::new(0);
        hasher.update(upstream.host.address.as_bytes());
        hasher.update(key.as_bytes());
        let hash = hasher.digest();
        if highest.is_none_or(|(most, _)| hash > most) {
            highest = Some((hash, upstream));
        }
    }
    highest.map(|(_, upstream)| upstream)
}
