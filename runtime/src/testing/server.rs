//! A configuration that runs in a process of its own, and clients of it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value as Json;

use crate::{
    Runtime,
    logging::{Level, Logger, Stderr},
    process::Process,
    shard::Shards,
};

/// A running configuration.
pub(crate) struct Server(pub(crate) Runtime);

impl Server {
    /// Runs a configuration on one shard.
    pub(crate) fn start(config: Json) -> Self {
        let logger = Logger::root(Box::new(Stderr(Level::Error)));
        let server = Self(Runtime::new(Arc::new(Process::new(Shards::start(1).unwrap(), logger))));
        server.load(config);
        server
    }

    /// Runs another configuration.
    pub(crate) fn load(&self, config: Json) {
        self.0.load(&caddis_config::from_value(config).unwrap(), false).unwrap();
    }

    /// A connection to the first listener.
    pub(crate) fn connect(&self) -> TcpStream {
        let first = |instance: Option<&crate::instance::Instance>| {
            instance.unwrap().listeners().next().unwrap().local.unwrap()
        };
        let stream = TcpStream::connect(self.0.with_instance(first)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request and reads until the server closes.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks for a path of a host.
    pub(crate) fn get(&self, path: &str, host: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }
}

/// Waits for what another thread is about to do.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}
