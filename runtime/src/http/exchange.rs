//! One request on its way through the handlers, with everything that belongs to it.

use std::{
    cell::OnceCell,
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::Poll,
    time::Instant,
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};

use super::{
    Response, access_log,
    body::Body,
    connection::{InterimSender, InterimTarget},
    handlers::reverse_proxy,
    takeover::Connect,
    uri,
};
use crate::{
    error::Error,
    logging::Field,
    metrics::observer::Observed,
    placeholder::{Provider, Value},
};

/// What is known of the connection that a request came on; shared by its requests.
#[derive(Debug)]
pub struct Connection {
    /// The peer; `None` on a unix socket.
    pub remote: Option<SocketAddr>,
    /// Our end; `None` on a unix socket.
    pub local: Option<SocketAddr>,
    /// Present when the connection is encrypted.
    pub tls: Option<TlsInfo>,
    /// The peer's address without the port, as a field's value.
    pub(crate) peer: Option<HeaderValue>,
}

impl Connection {
    /// A connection between two ends.
    #[must_use]
    pub fn new(remote: Option<SocketAddr>, local: Option<SocketAddr>, tls: Option<TlsInfo>) -> Self {
        let peer = remote.map(|remote| {
            let text = remote.ip().to_canonical().to_string();
            HeaderValue::try_from(text).expect("an address is visible ASCII")
        });
        Self { remote, local, tls, peer }
    }

    /// Whether it is not complete yet.
    #[must_use]
    pub fn is_early(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.early)
    }
}

/// What the handshake settled.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// The name the client asked for, lower case, empty when it asked for none.
    pub server_name: String,
    /// For example `tls1.3`, as Caddy spells it.
    pub version: &'static str,
    /// IANA name, for example `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: &'static str,
    /// The protocol chosen by ALPN, empty when none.
    pub alpn: String,
    /// Whether the session was resumed.
    pub resumed: bool,
    /// Whether the handshake was not over (early data, RFC 8446, section 2.3).
    pub early: bool,
    /// The client's certificates in DER, leaf first.
    pub peer_certificates: Vec<Vec<u8>>,
}

/// The request line before any handler changed it.
#[derive(Debug, Clone)]
pub struct Original {
    /// The method.
    pub method: Method,
    /// The target.
    pub uri: Uri,
}

/// One request and what the handlers have learnt of it.
#[derive(Debug)]
pub struct Exchange {
    /// Method, target, version and headers, as the handlers have left them.
    pub request: Parts,
    /// What the client sends.
    pub body: Body,
    /// The request line as it came; `None` while nothing has changed it (see [`Exchange::original`]).
    pub original: Option<Box<Original>>,
    /// The connection.
    pub connection: Arc<Connection>,
    /// The address of the client, which trusted proxies may have named; `None` on an untrusted unix socket.
    pub client_ip: Option<IpAddr>,
    /// Whether the peer is one of the server's trusted proxies.
    pub trusted_proxy: bool,
    /// When the request head was complete.
    pub started: Instant,
    /// Values of the `vars` handler, by name.
    pub vars: Vec<(Arc<str>, Value<'static>)>,
    /// Placeholders that matchers and handlers have set, by full name (`http.regexp.name.1`, `http.matchers.file.relative`).
    pub placeholders: Vec<(Arc<str>, Value<'static>)>,
    /// What the last proxy has learnt of its upstream: `{http.reverse_proxy.*}`.
    pub proxied: Option<reverse_proxy::Info>,
    /// Placeholders whose values are worked out when they are asked for.
    pub providers: Vec<Arc<dyn Provider>>,
    /// Fields that handlers add to the access log line.
    pub log_fields: Vec<(Arc<str>, Field)>,
    /// The error being handled, in error routes.
    pub error: Option<Error>,
    /// Headers that handlers have set ahead of the answer, which whoever answers starts from: see
    /// [`Exchange::respond`]. `None` while no handler has touched them; then the answer has our `Server` header only.
    pub response_headers: Option<HeaderMap>,
    /// The request's id, once somebody has asked for it: see [`Exchange::uuid`].
    pub uuid: OnceCell<String>,
    /// Groups of routes of which one has run.
    pub groups: Vec<u32>,
    /// The first handler that ran, for metrics.
    pub handled_by: Option<&'static str>,
    /// No handler answered.
    pub unhandled: bool,
    /// The line of the access log, if the request is logged.
    pub(crate) access_log: Option<Box<access_log::Line>>,
    /// Whoever counts the request.
    pub(crate) observed: Observed,
    /// Where interim responses go, if the client takes any.
    pub(crate) interim: Option<InterimTarget>,
    /// Present in an extended CONNECT.
    pub(crate) connect: Option<Connect>,
    /// What answers say of other ways to the same server (`Alt-Svc`).
    pub(crate) alternatives: Option<HeaderValue>,
}

impl Exchange {
    /// A request as it came.
    #[must_use]
    pub fn new(request: Parts, body: Body, connection: Arc<Connection>) -> Self {
        let client_ip = connection.remote.map(|remote| remote.ip().to_canonical());
        Self {
            request,
            body,
            original: None,
            connection,
            client_ip,
            trusted_proxy: false,
            started: Instant::now(),
            vars: Vec::new(),
            placeholders: Vec::new(),
            providers: Vec::new(),
            proxied: None,
            log_fields: Vec::new(),
            error: None,
            response_headers: None,
            uuid: OnceCell::new(),
            groups: Vec::new(),
            handled_by: None,
            unhandled: false,
            access_log: None,
            observed: Observed::default(),
            interim: None,
            connect: None,
            alternatives: None,
        }
    }

    /// The method and target as they came.
    #[must_use]
    pub fn original(&self) -> (&Method, &Uri) {
        self.original.as_ref().map_or((&self.request.method, &self.request.uri), |o| (&o.method, &o.uri))
    }

    /// To be called before the method or the target is changed: keeps what came.
    pub fn remember_original(&mut self) {
        if self.original.is_none() {
            let (method, uri) = (self.request.method.clone(), self.request.uri.clone());
            self.original = Some(Box::new(Original { method, uri }));
        }
    }

    /// The value of a variable.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&Value<'static>> {
        self.vars.iter().rev().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// Sets a variable.
    pub fn set_var(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value<'static>>) {
        let (name, value) = (name.into(), value.into());
        match self.vars.iter_mut().find(|(key, _)| *key == name) {
            Some(slot) => slot.1 = value,
            None => self.vars.push((name, value)),
        }
    }

    /// Sets a placeholder.
    pub fn set_placeholder(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value<'static>>) {
        let (name, value) = (name.into(), value.into());
        match self.placeholders.iter_mut().find(|(key, _)| *key == name) {
            Some(slot) => slot.1 = value,
            None => self.placeholders.push((name, value)),
        }
    }

    /// Whether the client's connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.connection.tls.is_some()
    }

    /// Whether the request came before the handshake was over. Nobody knows yet that the client is at the address that it
    /// came from, and the handler should not do what must be done only once.
    #[must_use]
    pub fn is_early(&self) -> bool {
        self.connection.is_early()
    }

    /// The host that the client asked for, with its port if it named one: of the target (`:authority`) or else of the
    /// `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        if let Some(authority) = self.request.uri.authority() {
            let authority = authority.as_str();
            return authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        }
        self.request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
    }

    /// The host that the client asked for, without a port. An IPv6 address has brackets unless a port followed.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        uri::split_host_port(authority).map_or(authority, |(host, _)| host)
    }

    /// Makes the request one for another host: handlers and upstreams see it from here on.
    pub fn set_host(&mut self, host: HeaderValue) {
        if self.request.uri.authority().is_some() {
            self.remember_original();
            let target = self.request.uri.path_and_query().cloned();
            self.request.uri = target.map_or_else(|| Uri::from_static("/"), Uri::from);
        }
        self.request.headers.insert(header::HOST, host);
    }

    /// What sends interim responses (1xx) to the client; `None` if it takes none. To be asked for by the task that
    /// answers the request.
    pub(crate) async fn interim_sender(&self) -> Option<InterimSender> {
        let target = self.interim.as_ref()?;
        let sender = poll_fn(|cx| Poll::Ready(InterimSender::new(target, cx.waker())));
        Some(sender.await)
    }

    /// The request's id: a random UUID, the same whenever it is asked for.
    pub fn uuid(&self) -> &str {
        self.uuid.get_or_init(random_uuid)
    }

    /// The headers of the answer that is to come, for handlers that set some ahead of it.
    pub fn response_headers_mut(&mut self) -> &mut HeaderMap {
        let alternatives = &self.alternatives;
        self.response_headers.get_or_insert_with(|| initial_headers(alternatives.clone()))
    }

    /// An empty answer with the headers that were set ahead of it, ready to be filled.
    pub fn respond(&mut self, status: StatusCode) -> Response {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = status;
        let set = self.response_headers.take();
        *response.headers_mut() = set.unwrap_or_else(|| initial_headers(self.alternatives.clone()));
        response
    }
}

/// What every answer of this server says of it.
pub const SERVER: HeaderValue = HeaderValue::from_static("Caddis");

fn initial_headers(alternatives: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::SERVER, SERVER);
    if let Some(alternatives) = alternatives {
        headers.insert(header::ALT_SVC, alternatives);
    }
    headers
}

fn random_uuid() -> String {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's source of randomness works");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut uuid = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid.push_str(&format!("{byte:02x}"));
    }
    uuid
}
