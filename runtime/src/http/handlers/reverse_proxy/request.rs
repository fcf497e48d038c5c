//! The request as the upstream gets it: what belongs to the client's connection only is taken off, what the upstream
//! should know of the client is added (RFC 9110, sections 7.6 and 7.6.3; `X-Forwarded-*` as Caddy does).

use std::borrow::Cow;

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

static HTTP: HeaderValue = HeaderValue::from_static("http");
static HTTPS: HeaderValue = HeaderValue::from_static("https");
static NONE: HeaderValue = HeaderValue::from_static("");
static ONE: HeaderValue = HeaderValue::from_static("1");
static TRAILERS: HeaderValue = HeaderValue::from_static("trailers");
static UPGRADE: HeaderValue = HeaderValue::from_static("Upgrade");

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

/// The fields for the upstream, before any that the configuration changes: those of the client that may pass, and ours.
/// They are borrowed, so that a request that is passed on as it is needs no fields of its own.
pub(super) struct Fields<'a> {
    given: &'a HeaderMap,
    /// What `Connection` says to be about the client's connection.
    named: Vec<HeaderName>,
    host: Option<Cow<'a, HeaderValue>>,
    length: Length,
    trailers: bool,
    upgrade: Option<HeaderValue>,
    early: bool,
    forwarded: Forwarded<'a>,
    via: &'static HeaderValue,
}

/// What is said of the length of the body.
enum Length {
    /// What the client has said.
    Given,
    Known(Option<usize>),
}

/// What the upstream is told of the client.
enum Forwarded<'a> {
    /// Nothing is known of it, and nobody else is believed.
    Nothing,
    As {
        /// `None` leaves what was said, which is nothing.
        clients: Option<Cow<'a, HeaderValue>>,
        proto: Cow<'a, HeaderValue>,
        host: Cow<'a, HeaderValue>,
    },
}

impl<'a> Fields<'a> {
    /// The fields for the request of an exchange. `trusted` may have said who the client is.
    pub(super) fn new(exchange: &'a Exchange, trusted: &[IpNet]) -> Self {
        let given = &exchange.request.headers;
        let host = match exchange.request.uri.authority() {
            Some(authority) => {
                let host = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
                HeaderValue::from_str(host).ok().map(Cow::Owned)
            }
            None => given.get(header::HOST).map(Cow::Borrowed),
        };
        Self {
            given,
            named: named_by_connection(given),
            forwarded: Forwarded::new(exchange, host.clone(), trusted),
            host,
            length: Length::Given,
            trailers: wants_trailers(given),
            upgrade: wanted_upgrade(exchange),
            early: exchange.is_early(),
            via: via(exchange.request.version),
        }
    }

    /// With another host than the one that the client has asked for.
    pub(super) fn set_host(&mut self, host: HeaderValue) {
        self.host = Some(Cow::Owned(host));
    }

    /// With the length of a body that is in memory; `None` says nothing of it.
    pub(super) fn set_length(&mut self, length: Option<usize>) {
        self.length = Length::Known(length);
    }

    /// The host.
    pub(super) fn host(&self) -> Option<&HeaderValue> {
        self.host.as_deref()
    }

    /// The length of the body, if it is said.
    pub(super) fn length(&self) -> Option<Cow<'_, HeaderValue>> {
        match self.length {
            Length::Given => self.given.get(header::CONTENT_LENGTH).map(Cow::Borrowed),
            Length::Known(length) => length.map(|length| Cow::Owned(length.into())),
        }
    }

    /// Whether the connection is said to become another one.
    pub(super) fn upgrades(&self) -> bool {
        self.upgrade.is_some()
    }

    /// All fields but the host and the length.
    pub(super) fn each(&self, mut put: impl FnMut(&HeaderName, &HeaderValue)) {
        for (name, value) in self.given {
            if !(is_hop_by_hop(name) || self.is_replaced(name) || self.named.contains(name)) {
                put(name, value);
            }
        }
        if self.trailers {
            put(&header::TE, &TRAILERS);
        }
        if let Some(token) = &self.upgrade {
            put(&header::CONNECTION, &UPGRADE);
            put(&header::UPGRADE, token);
        }
        if self.early {
            // So that the upstream, too, can ask for the request once more (RFC 8470, section 5.1).
            put(&EARLY_DATA, &ONE);
        }
        if let Forwarded::As { clients, proto, host } = &self.forwarded {
            if let Some(clients) = clients {
                put(&FORWARDED_FOR, clients);
            }
            put(&FORWARDED_PROTO, proto);
            put(&FORWARDED_HOST, host);
        }
        put(&header::VIA, self.via);
    }

    /// Whether the client's is left out for one of ours.
    fn is_replaced(&self, name: &HeaderName) -> bool {
        match *name {
            header::HOST | header::CONTENT_LENGTH => true,
            _ if *name == EARLY_DATA => self.early,
            _ if *name == FORWARDED_PROTO || *name == FORWARDED_HOST => true,
            _ if *name == FORWARDED_FOR => !matches!(self.forwarded, Forwarded::As { clients: None, .. }),
            _ => false,
        }
    }

    /// All fields, to be changed.
    pub(super) fn to_map(&self) -> HeaderMap {
        // Room for what is mostly added.
        let mut headers = HeaderMap::with_capacity(self.given.len() + 4);
        if let Some(host) = self.host() {
            headers.insert(header::HOST, host.clone());
        }
        self.each(|name, value| {
            headers.append(name, value.clone());
        });
        if let Some(length) = self.length() {
            headers.insert(header::CONTENT_LENGTH, length.into_owned());
        }
        headers
    }
}

/// What this server calls itself to the next one.
pub(super) fn via(version: Version) -> &'static HeaderValue {
    static VIA: [HeaderValue; 5] = [
        HeaderValue::from_static("1.1 Caddis"),
        HeaderValue::from_static("1.0 Caddis"),
        HeaderValue::from_static("2.0 Caddis"),
        HeaderValue::from_static("3.0 Caddis"),
        HeaderValue::from_static("0.9 Caddis"),
    ];
    match version {
        Version::HTTP_09 => &VIA[4],
        Version::HTTP_10 => &VIA[1],
        Version::HTTP_2 => &VIA[2],
        Version::HTTP_3 => &VIA[3],
        _ => &VIA[0],
    }
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

impl<'a> Forwarded<'a> {
    fn new(exchange: &'a Exchange, host: Option<Cow<'a, HeaderValue>>, trusted: &[IpNet]) -> Self {
        let (connection, headers) = (&*exchange.connection, &exchange.request.headers);
        let ip = connection.remote.map(|remote| remote.ip().to_canonical());
        let is_listed = |ip| !exchange.is_early() && trusted.iter().any(|range| range.contains(&ip));
        let trusted = exchange.trusted_proxy || ip.is_some_and(is_listed);
        if ip.is_none() && !trusted {
            return Self::Nothing;
        }
        let told = |name: HeaderName| {
            let last = trusted.then(|| headers.get_all(name).iter().next_back()).flatten();
            last.filter(|value| !value.is_empty()).map(Cow::Borrowed)
        };
        let scheme = if exchange.is_tls() { &HTTPS } else { &HTTP };
        Self::As {
            clients: clients(headers, connection.peer.as_ref(), trusted),
            proto: told(FORWARDED_PROTO).unwrap_or(Cow::Borrowed(scheme)),
            host: told(FORWARDED_HOST).or(host).unwrap_or(Cow::Borrowed(&NONE)),
        }
    }
}

/// The way that the request has come.
fn clients<'a>(
    headers: &HeaderMap,
    peer: Option<&'a HeaderValue>,
    trusted: bool,
) -> Option<Cow<'a, HeaderValue>> {
    let peer_alone = peer.map(Cow::Borrowed);
    if !trusted {
        return peer_alone;
    }
    let told = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    let told = told.collect::<Vec<_>>().join(&b", "[..]);
    let all = match peer {
        _ if told.is_empty() => return peer_alone,
        None => HeaderValue::from_bytes(&told),
        Some(peer) => HeaderValue::from_bytes(&[&told, &b", "[..], peer.as_bytes()].concat()),
    };
    all.ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests;
