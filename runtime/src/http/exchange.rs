//! One request on its way through the handlers, with everything that belongs to it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use http::{Method, Uri, request::Parts};

use super::body::Body;
use crate::error::Error;

/// What is known of the connection that a request came on; shared by its requests.
#[derive(Debug)]
pub struct Connection {
    /// The peer; `None` on a unix socket.
    pub remote: Option<SocketAddr>,
    /// Our end; `None` on a unix socket.
    pub local: Option<SocketAddr>,
    /// Present when the connection is encrypted.
    pub tls: Option<TlsInfo>,
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
    /// The client's certificates in DER, leaf first.
    pub peer_certificates: Vec<Vec<u8>>,
}

/// A value of the `vars` handler and of handlers that leave something behind.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON null.
    Null,
    /// A flag.
    Bool(bool),
    /// A number, printed as Go prints it.
    Number(serde_json::Number),
    /// Text.
    String(String),
    /// Several texts.
    List(Vec<String>),
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
    pub vars: Vec<(Arc<str>, Value)>,
    /// Placeholders that matchers and handlers have set, by full name (`http.regexp.name.1`, `http.matchers.file.relative`).
    pub placeholders: Vec<(Arc<str>, String)>,
    /// Fields that handlers add to the access log line.
    pub log_fields: Vec<(Arc<str>, Value)>,
    /// The error being handled, in error routes.
    pub error: Option<Error>,
    /// The request's id, made when it is first asked for.
    pub uuid: Option<String>,
    /// Groups of routes of which one has run.
    pub groups: Vec<u32>,
    /// The first handler that ran, for metrics.
    pub handled_by: Option<&'static str>,
    /// No handler answered.
    pub unhandled: bool,
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
            log_fields: Vec::new(),
            error: None,
            uuid: None,
            groups: Vec::new(),
            handled_by: None,
            unhandled: false,
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
    pub fn var(&self, name: &str) -> Option<&Value> {
        self.vars.iter().rev().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// Sets a variable.
    pub fn set_var(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        match self.vars.iter_mut().find(|(key, _)| *key == name) {
            Some(slot) => slot.1 = value,
            None => self.vars.push((name, value)),
        }
    }

    /// Sets a placeholder.
    pub fn set_placeholder(&mut self, name: impl Into<Arc<str>>, value: impl Into<String>) {
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
}
