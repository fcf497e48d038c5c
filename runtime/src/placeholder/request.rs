//! Values of placeholders, read from the request when they are asked for.

use std::{
    borrow::Cow,
    io::Read,
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

use http::{HeaderMap, HeaderName, Uri, Version, header};

use super::{Key, Scope, Value, clock::Clock};
use crate::http::{Exchange, uri};

/// Which part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPart {
    /// Host and port.
    Whole,
    /// The host.
    Host,
    /// The port.
    Port,
}

/// Which part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPart {
    /// All of it, decoded.
    Whole,
    /// All of it, escaped for use in a query.
    Escaped,
    /// Up to and with the last slash.
    Dir,
    /// After the last slash.
    File,
    /// The last element without its extension.
    Base,
    /// The extension of the last element with its dot.
    Extension,
    /// One element, counted from 0.
    Element(usize),
}

impl PathPart {
    /// What `suffix` of `…uri.path` names.
    pub(super) fn parse(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "" => PathPart::Whole,
            "_escaped" => PathPart::Escaped,
            ".dir" => PathPart::Dir,
            ".file" => PathPart::File,
            ".file.base" => PathPart::Base,
            ".file.ext" => PathPart::Extension,
            other => PathPart::Element(other.strip_prefix('.')?.parse().ok()?),
        })
    }

    /// Whether it is the path itself.
    pub fn is_whole(self) -> bool {
        self == PathPart::Whole
    }

    fn of<'a>(self, target: &'a Uri) -> Cow<'a, str> {
        let path = uri::path(target);
        // What is cut out of a borrowed path can be borrowed as well.
        match path {
            Cow::Borrowed(path) => self.cut(path),
            Cow::Owned(path) => Cow::Owned(self.cut(&path).into_owned()),
        }
    }

    fn cut(self, path: &str) -> Cow<'_, str> {
        match self {
            PathPart::Whole => path.into(),
            PathPart::Escaped => uri::escape_query(path),
            PathPart::Dir => uri::split_file(path).0.into(),
            PathPart::File => uri::split_file(path).1.into(),
            PathPart::Base => {
                let base = uri::base(path);
                base.strip_suffix(uri::extension(path)).unwrap_or(base).into()
            }
            PathPart::Extension => uri::extension(path).into(),
            PathPart::Element(index) => {
                path.strip_prefix('/').unwrap_or(path).split('/').nth(index).unwrap_or_default().into()
            }
        }
    }
}

impl Key {
    /// The value as text; `None` if the placeholder is unknown here.
    #[must_use]
    pub fn text<'a>(&'a self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        self.value(scope).map(Value::into_text)
    }

    /// The value; `None` if the placeholder is unknown here.
    #[must_use]
    pub fn value<'a>(&'a self, scope: &Scope<'a>) -> Option<Value<'a>> {
        let exchange = scope.exchange;
        let request = &exchange.request;
        Some(match self {
            Key::Constant(value) => value.as_str().into(),
            Key::Time(Clock::Go) => Value::Time(SystemTime::now()),
            Key::Time(clock) => clock.text(SystemTime::now()).into(),
            Key::File(path) => read_file(path).map_or(Value::Null, Value::from),
            Key::Method => request.method.as_str().into(),
            Key::Scheme => if exchange.is_tls() { "https" } else { "http" }.into(),
            Key::Proto { named } => protocol(request.version, *named).into(),
            Key::HostPort => exchange.authority().into(),
            Key::Host => exchange.host().into(),
            Key::Port => Value::number(port(exchange.authority())),
            Key::HostLabel(index) => host_label(exchange.authority(), *index).into(),
            Key::Local(part) => address(exchange.connection.local, *part),
            // Without a complete handshake the address may be anybody's.
            Key::Remote(AddressPart::Whole | AddressPart::Host) | Key::RemoteNetwork { .. }
                if exchange.is_early() =>
            {
                "".into()
            }
            Key::Remote(part) => address(exchange.connection.remote, *part),
            Key::RemoteNetwork { v4, v6 } => network(exchange.connection.remote, v4, v6).into(),
            Key::Uri { escaped: false } => uri::request_uri(&request.uri).into(),
            Key::Uri { escaped: true } => uri::escape_query(uri::request_uri(&request.uri)).into(),
            Key::Path(part) => part.of(&request.uri).into(),
            Key::Query { escaped: false } => request.uri.query().unwrap_or_default().into(),
            Key::Query { escaped: true } => uri::escape_query(request.uri.query().unwrap_or_default()).into(),
            Key::PrefixedQuery => prefixed_query(&request.uri).into(),
            Key::Parameter(name) => parameter(request.uri.query().unwrap_or_default(), name).into(),
            Key::OriginalMethod => exchange.original().0.as_str().into(),
            Key::OriginalUri => uri::request_uri(exchange.original().1).into(),
            Key::OriginalPath(part) => part.of(exchange.original().1).into(),
            Key::OriginalQuery => exchange.original().1.query().unwrap_or_default().into(),
            Key::OriginalPrefixedQuery => prefixed_query(exchange.original().1).into(),
            Key::Duration { millis: true } => Value::millis(exchange.started.elapsed()),
            Key::Duration { millis: false } => Value::Duration(exchange.started.elapsed()),
            Key::Uuid => exchange.uuid().into(),
            Key::Header(name) => joined(&request.headers, name).into(),
            Key::Cookie(name) => cookie(&request.headers, name).unwrap_or_default().into(),
            Key::Tls(key) => key.value(exchange.connection.tls.as_ref()?),
            Key::ResponseHeader(name) => {
                let headers = scope.response.or(exchange.response_headers.as_ref());
                headers.map_or(Value::from(""), |headers| joined(headers, name).into())
            }
            Key::Var(name) => variable(exchange, name).unwrap_or(Value::Null),
            Key::Error => Value::Error(exchange.error.as_ref()?.to_string().into()),
            Key::ErrorStatus => exchange.error.as_ref()?.status().as_u16().into(),
            Key::ErrorStatusText => {
                exchange.error.as_ref()?.status().canonical_reason().unwrap_or_default().into()
            }
            Key::ErrorMessage => exchange.error.as_ref()?.to_string().into(),
            Key::ErrorId => exchange.error.as_ref()?.id().into(),
            Key::ErrorTrace => exchange.error.as_ref()?.trace().into(),
            Key::Set(name) => return set(name, scope),
        })
    }
}

/// What matchers and handlers have set under a name.
fn set<'a>(name: &str, scope: &Scope<'a>) -> Option<Value<'a>> {
    let exchange = scope.exchange;
    if let Some(value) = scope.extra.and_then(|extra| extra.value(name)) {
        return Some(value.into());
    }
    if let Some((_, value)) = exchange.placeholders.iter().find(|(key, _)| **key == *name) {
        return Some(value.borrowed());
    }
    if let Some(name) = name.strip_prefix("http.reverse_proxy.") {
        return exchange.proxied.as_ref()?.value(name);
    }
    exchange.providers.iter().find_map(|provider| provider.value(name, scope))
}

fn protocol(version: Version, named: bool) -> &'static str {
    match (version, named) {
        (Version::HTTP_10, _) => "HTTP/1.0",
        (Version::HTTP_2, false) => "HTTP/2.0",
        (Version::HTTP_2, true) => "HTTP/2",
        (Version::HTTP_3, false) => "HTTP/3.0",
        (Version::HTTP_3, true) => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

fn port(authority: &str) -> Cow<'_, str> {
    uri::split_host_port(authority).map_or("", |(_, port)| port).into()
}

fn host_label(authority: &str, index: usize) -> String {
    let host = uri::split_host_port(authority).map_or(authority, |(host, _)| host);
    host.rsplit('.').nth(index).unwrap_or_default().to_lowercase()
}

fn address(address: Option<SocketAddr>, part: AddressPart) -> Value<'static> {
    // A unix socket's peer has no name of its own; Go prints it as "@".
    let Some(address) = address else {
        return match part {
            AddressPart::Whole | AddressPart::Host => "@".into(),
            AddressPart::Port => "".into(),
        };
    };
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    match part {
        AddressPart::Whole => address.to_string().into(),
        AddressPart::Host => address.ip().to_string().into(),
        AddressPart::Port => address.port().into(),
    }
}

fn network(address: Option<SocketAddr>, v4: &str, v6: &str) -> String {
    let Some(address) = address else { return "@".to_owned() };
    let ip = address.ip().to_canonical();
    let bits = match ip {
        IpAddr::V4(_) => v4,
        IpAddr::V6(_) => v6,
    };
    let network = bits.parse().ok().and_then(|bits| ipnet::IpNet::new(ip, bits).ok());
    network.map_or_else(String::new, |network| network.trunc().to_string())
}

fn prefixed_query(target: &Uri) -> Cow<'_, str> {
    match target.query() {
        None | Some("") => "".into(),
        Some(_) => {
            let whole = uri::request_uri(target);
            whole.find('?').map_or("", |mark| &whole[mark..]).into()
        }
    }
}

/// All values of a parameter with commas between them.
pub(crate) fn parameter<'a>(query: &'a str, name: &str) -> Cow<'a, str> {
    let values = uri::parameters(query).flatten().filter(|(key, _)| key == name).map(|(_, value)| value);
    join(values)
}

fn join<'a>(mut values: impl Iterator<Item = Cow<'a, str>>) -> Cow<'a, str> {
    let mut joined = values.next().unwrap_or_default();
    for value in values {
        let joined = joined.to_mut();
        joined.push(',');
        joined.push_str(&value);
    }
    joined
}

/// All values of a header with commas between them.
pub(super) fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    join(headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())))
}

/// The value of the first cookie of a name, in any case.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Some(quoted.unwrap_or(value))
}

/// The value of a variable; `None` if it is not set.
pub(crate) fn variable<'a>(exchange: &'a Exchange, name: &str) -> Option<Value<'a>> {
    match (exchange.var(name), name) {
        (Some(value), _) => Some(value.borrowed()),
        (None, "client_ip") => Some(exchange.client_ip.map(|ip| ip.to_string()).unwrap_or_default().into()),
        (None, "trusted_proxy") => Some(exchange.trusted_proxy.into()),
        (None, _) => None,
    }
}

/// Reads at most 1 MiB; `None` for a file that cannot be read.
fn read_file(path: &str) -> Option<String> {
    let mut content = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(1 << 20).read_to_end(&mut content)).ok()?;
    let text = String::from_utf8_lossy(&content);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Some(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
