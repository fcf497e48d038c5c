//! Exchanges and processes for unit tests.

use std::sync::{Arc, OnceLock};

use http::{HeaderName, HeaderValue, Request};

use crate::{
    build::Build,
    http::{Body, Exchange, exchange::Connection},
    logging::{Level, Logger, Stderr},
    process::Process,
    shard::Shards,
};

/// One process for all tests of the binary: its shards are threads.
pub(crate) fn process() -> Arc<Process> {
    static PROCESS: OnceLock<Arc<Process>> = OnceLock::new();
    Arc::clone(PROCESS.get_or_init(|| {
        let shards = Shards::start(1).unwrap();
        Arc::new(Process::new(shards, Logger::root(Box::new(Stderr(Level::Error)))))
    }))
}

/// The start of a build.
pub(crate) fn build() -> Build {
    Build::new(process())
}

/// A GET from 192.0.2.77:4711 over a plain connection.
pub(crate) fn exchange(target: &str, headers: &[(&'static str, &str)]) -> Exchange {
    let mut request = Request::new(());
    *request.uri_mut() = target.parse().unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    let connection = Connection {
        remote: Some("192.0.2.77:4711".parse().unwrap()),
        local: Some("[2001:db8::1]:443".parse().unwrap()),
        tls: None,
    };
    Exchange::new(request.into_parts().0, Body::Empty, Arc::new(connection))
}
