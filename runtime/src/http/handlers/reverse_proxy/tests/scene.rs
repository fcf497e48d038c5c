//! A proxy on a port of its own, and the two sides to talk to it from.

use std::{
    future::Future,
    rc::Rc,
    sync::{Arc, Mutex},
};

use caddis_config::{from_value, http::handlers::ReverseProxy};
use futures_util::FutureExt;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::super::Host;
use crate::{
    build::Build,
    http::{
        Body, Exchange, Handler, Next,
        connection::{Activity, Busy, Http1, Http2, Socket, Stream, Watched},
        exchange::Connection,
        server::{self, Aborted},
    },
    logging::{Fields, Level, Logger, Sink, Stderr},
    process::Process,
    shard::Shards,
};

/// Runs a test the way a shard runs connections.
pub(super) fn on_a_shard(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

/// A process of its own, so that counts are those of one test.
pub(super) fn process() -> Arc<Process> {
    let shards = Shards::start(1).unwrap();
    Arc::new(Process::new(shards, Logger::root(Box::new(Stderr(Level::Error)))))
}

/// What a process logs, from the level warn on: level, logger and message, then the fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Logged(Arc<Mutex<Vec<String>>>);

impl Logged {
    /// A process that writes here.
    pub(super) fn process(&self) -> Arc<Process> {
        Arc::new(Process::new(Shards::start(1).unwrap(), Logger::root(Box::new(self.clone()))))
    }

    /// What was written so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Sink for Logged {
    fn enabled(&self, level: Level, _: &str) -> bool {
        level >= Level::Warn
    }

    fn write(&self, level: Level, logger: &str, message: &str, fields: &Fields) {
        self.0.lock().unwrap().push(format!("{level:?} {logger}: {message} {:?}", fields.0));
    }
}

/// An upstream that listens and does what the test tells it to.
pub(super) struct Upstream {
    listener: TcpListener,
    pub(super) address: String,
}

impl Upstream {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self { listener, address }
    }

    pub(super) async fn accept(&self) -> Wire {
        Wire(self.listener.accept().await.unwrap().0)
    }

    /// Whether no connection is waiting to be accepted.
    pub(super) async fn is_alone(&self) -> bool {
        tokio::task::yield_now().await;
        self.listener.accept().now_or_never().is_none()
    }

    /// A proxy, the client that asks it with GET, and the connection on which the request is about to come.
    pub(super) async fn asked(&self, config: Value) -> (Proxy, Wire, Wire) {
        let proxy = Proxy::new(config).await;
        let client = proxy.get().await;
        (proxy, client, self.accept().await)
    }

    /// The same after a first request and its answer, which has no body.
    pub(super) async fn answered(&self) -> (Proxy, Wire, Wire) {
        let (proxy, mut client, mut wire) = self.asked(self.proxy()).await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        client.head().await;
        (proxy, client, wire)
    }

    /// The JSON of a proxy that has no other upstream.
    pub(super) fn proxy(&self) -> Value {
        json!({"upstreams": [{"dial": self.address}]})
    }
}

/// An address where nobody listens.
pub(super) async fn nowhere() -> String {
    Upstream::new().await.address
}

/// One connection, seen from the test.
pub(super) struct Wire(pub(super) TcpStream);

impl Wire {
    pub(super) async fn send(&mut self, data: impl AsRef<[u8]>) {
        self.0.write_all(data.as_ref()).await.unwrap();
    }

    /// Reads up to and with an empty line; the lines in lower case where it does not matter.
    pub(super) async fn head(&mut self) -> Head {
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            let byte = self.0.read_u8().await;
            read.push(
                byte.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&read))),
            );
        }
        Head(String::from_utf8(read).unwrap())
    }

    pub(super) async fn read(&mut self, count: usize) -> String {
        String::from_utf8(self.bytes(count).await).unwrap()
    }

    pub(super) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut data = vec![0; count];
        self.0.read_exact(&mut data).await.unwrap();
        data
    }

    /// What is sent until the connection is closed.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut data = Vec::new();
        self.0.read_to_end(&mut data).await.unwrap();
        data
    }
}

/// The start line and the fields of a message.
#[derive(Debug)]
pub(super) struct Head(String);

impl Head {
    pub(super) fn line(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// All values of a field, with ` | ` between them.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let fields = self.0.lines().skip(1).filter_map(|line| line.split_once(": "));
        let values: Vec<_> =
            fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.join(" | "))
    }
}

/// A running proxy.
pub(super) struct Proxy {
    pub(super) process: Arc<Process>,
    pub(super) live: crate::tunnel::Live,
    address: String,
    /// Told when a request is no longer handled.
    handled: Rc<Notify>,
}

/// A request that is about to be handled.
pub(super) struct Handling(Rc<Notify>);

impl Handling {
    /// Waits until it no longer is, with an answer or without.
    pub(super) async fn ended(self) {
        self.0.notified().await;
    }
}

/// Tells when it is dropped.
struct Handled(Rc<Notify>);

impl Drop for Handled {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Proxy {
    pub(super) async fn new(config: Value) -> Self {
        Self::in_process(process(), config).await
    }

    pub(super) async fn in_process(process: Arc<Process>, config: Value) -> Self {
        let mut cx = Build::new(Arc::clone(&process));
        let handler = build_in(&mut cx, config).unwrap_or_else(|error| panic!("{error}"));
        std::mem::take(&mut cx.on_commit).run();
        let (address, handled) = listen(handler.into()).await;
        Self { process, live: cx.streams, address, handled }
    }

    /// The next request.
    pub(super) fn handling(&self) -> Handling {
        Handling(Rc::clone(&self.handled))
    }

    /// The only upstream.
    pub(super) fn host(&self) -> Arc<Host> {
        self.process.hosts.all().remove(0)
    }

    pub(super) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(&self.address).await.unwrap())
    }

    /// Sends a request on a connection of its own.
    pub(super) async fn send(&self, request: &str) -> Wire {
        let mut client = self.connect().await;
        client.send(request).await;
        client
    }

    pub(super) async fn get(&self) -> Wire {
        self.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await
    }
}

/// Passes what comes on a port of its own to a handler, on the thread that this is called on.
async fn listen(handler: Arc<dyn Handler>) -> (String, Rc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let handled = Rc::new(Notify::new());
    let ended = Rc::clone(&handled);
    tokio::task::spawn_local(async move {
        loop {
            let (socket, remote) = listener.accept().await.unwrap();
            let local = socket.local_addr().ok();
            let connection = Connection::new(Some(remote), local, None);
            tokio::task::spawn_local(serve(socket, connection, Arc::clone(&handler), Rc::clone(&ended)));
        }
    });
    (address, handled)
}

/// A proxy that is reached on each of its shards.
pub(super) struct Sharded {
    _process: Arc<Process>,
    /// Where each shard listens.
    addresses: Vec<String>,
}

impl Sharded {
    pub(super) async fn new(shards: usize, config: Value) -> Self {
        let shards = Shards::start(shards).unwrap();
        let process = Arc::new(Process::new(shards, Logger::root(Box::new(Stderr(Level::Error)))));
        let mut cx = Build::new(Arc::clone(&process));
        let handler: Arc<dyn Handler> =
            build_in(&mut cx, config).unwrap_or_else(|error| panic!("{error}")).into();
        let mut addresses = Vec::new();
        for shard in 0..process.shards.count() {
            let handler = Arc::clone(&handler);
            let listening = async || listen(handler).await.0;
            addresses.push(process.shards.call_on(shard, listening).await.unwrap());
        }
        Self { _process: process, addresses }
    }

    /// Sends a request to one shard, on a connection of its own.
    pub(super) async fn send(&self, shard: usize, request: &str) -> Wire {
        let mut client = Wire(TcpStream::connect(&self.addresses[shard]).await.unwrap());
        client.send(request).await;
        client
    }

    pub(super) async fn get(&self, shard: usize) -> Wire {
        self.send(shard, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await
    }
}

/// Builds the handler only.
pub(super) fn build_in(cx: &mut Build, config: Value) -> Result<Box<dyn Handler>, crate::build::BuildError> {
    let config: ReverseProxy = from_value(config).unwrap();
    super::super::build(&config, cx)
}

async fn serve(socket: TcpStream, connection: Connection, handler: Arc<dyn Handler>, handled: Rc<Notify>) {
    let mut start = [0; 4];
    // A client that leaves without a word is seen as such by the engine.
    drop(socket.peek(&mut start).await);
    let http2 = &start == b"PRI ";
    let activity = Arc::new(Activity::new(http2));
    let connection = Arc::new(connection);
    let remote = connection.remote.unwrap();
    let io = Watched::new(Stream::Plain(Socket::Tcp(socket, remote).into()), Arc::clone(&activity));
    let answering = Arc::clone(&activity);
    let service = move |request: http::Request<Body>, stream: Option<server::Stream>| {
        let (handler, connection) = (Arc::clone(&handler), Arc::clone(&connection));
        let handled = Handled(Rc::clone(&handled));
        let busy = Busy::begin(&answering);
        async move {
            let _handled = handled;
            let (head, body) = request.into_parts();
            let mut exchange = Exchange::new(head, body, connection);
            if let Some(stream) = stream {
                stream.lend(&mut exchange);
            }
            let response = handler.handle(&mut exchange, Next::routes(&[], None)).await;
            drop(busy);
            Ok::<_, Aborted>(response.unwrap_or_else(|error| {
                let mut response = http::Response::new(Body::from(error.to_string()));
                *response.status_mut() = error.status();
                assert_ne!(error.status(), StatusCode::OK);
                response
            }))
        }
    };
    // Clients of the tests leave as they please.
    if http2 {
        let service = move |request, stream| service(request, Some(stream));
        drop(Http2::new(io, &activity, 1 << 20, service).await);
    } else {
        drop(Http1::new(io, &activity, 1 << 20, service).await);
    }
}

/// Runs tasks of HTTP/2 where the test runs.
#[derive(Clone, Copy)]
pub(super) struct Local;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
