//! Clients of HTTP/3: the crate h3 on quinn, on as many threads as there are processors, so that one thread is not the limit.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use http::{Request, StatusCode};
use hyper::body::{Buf, Bytes};
use quinn::{Endpoint, crypto::rustls::QuicClientConfig};

use crate::{
    link::{HOST, client_config},
    load::{Seen, runtime},
    measure::Cpu,
};

type Requests = h3::client::SendRequest<h3_quinn::OpenStreams, Bytes>;

/// What clients do over and over: `clients` at once, so many of which share a connection, each gets `path` and waits for all
/// `size` bytes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gets {
    pub(crate) clients: usize,
    pub(crate) shared_by: usize,
    pub(crate) path: &'static str,
    pub(crate) size: usize,
}

/// Runs the clients for `duration`, and tells the processor time that they took themselves.
pub(crate) fn run(target: SocketAddr, gets: Gets, duration: Duration) -> (Seen, Cpu) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let before = Cpu::of_this();
    let share = Gets { clients: gets.clients / threads, ..gets };
    let running: Vec<_> = (0..threads)
        .map(|_| thread::spawn(move || runtime().block_on(closed_loop(target, share, duration))))
        .collect();
    let mut all = Seen::default();
    for thread in running {
        let seen = thread.join().expect("no client panics");
        let mut seen = seen.unwrap_or_else(|error| panic!("the clients cannot connect: {error}"));
        all.count += seen.count;
        all.errors += seen.errors;
        all.elapsed = all.elapsed.max(seen.elapsed);
        all.micros.append(&mut seen.micros);
    }
    all.micros.sort_unstable();
    (all, Cpu::of_this().since(before))
}

async fn closed_loop(target: SocketAddr, gets: Gets, duration: Duration) -> io::Result<Seen> {
    let mut connections = Vec::new();
    for _ in 0..gets.clients.div_ceil(gets.shared_by) {
        connections.push(connect(target).await?);
    }
    let started = Instant::now();
    let clients: Vec<_> = (0..gets.clients)
        .map(|client| {
            let mut requests = connections[client / gets.shared_by].clone();
            tokio::spawn(async move {
                let mut micros = Vec::with_capacity(1 << 16);
                let outcome = async {
                    while started.elapsed() < duration {
                        let sent = Instant::now();
                        get(&mut requests, gets).await?;
                        micros.push(sent.elapsed().as_micros() as u32);
                    }
                    Ok::<(), io::Error>(())
                }
                .await;
                (micros, outcome)
            })
        })
        .collect();
    let mut seen = Seen::default();
    for client in clients {
        let (mut micros, outcome) = client.await.expect("no client panics");
        seen.count += micros.len() as u64;
        if let Err(error) = outcome {
            seen.errors += 1;
            complain(&error);
        }
        seen.micros.append(&mut micros);
    }
    seen.elapsed = started.elapsed();
    Ok(seen)
}

#[expect(clippy::print_stderr, reason = "a figure with errors beside it cannot be read without them")]
fn complain(error: &io::Error) {
    eprintln!("a client has failed: {error}");
}

/// Opens a connection. It lives as long as what it gives.
async fn connect(target: SocketAddr) -> io::Result<Requests> {
    let tls = QuicClientConfig::try_from(client_config(b"h3")).map_err(io::Error::other)?;
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into())?;
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let quic = endpoint.connect_with(config, target, HOST).map_err(io::Error::other)?.await?;
    let connection = h3::client::new(h3_quinn::Connection::new(quic)).await;
    let (mut driver, requests) = connection.map_err(io::Error::other)?;
    tokio::spawn(async move { poll_fn(|cx| driver.poll_close(cx)).await });
    Ok(requests)
}

async fn get(requests: &mut Requests, Gets { path, size, .. }: Gets) -> io::Result<()> {
    let request = Request::get(format!("https://{HOST}{path}")).body(()).map_err(io::Error::other)?;
    let mut stream = requests.send_request(request).await.map_err(io::Error::other)?;
    stream.finish().await.map_err(io::Error::other)?;
    let response = stream.recv_response().await.map_err(io::Error::other)?;
    let mut length = 0;
    while let Some(data) = stream.recv_data().await.map_err(io::Error::other)? {
        length += data.remaining();
    }
    match response.status() {
        StatusCode::OK if length == size => Ok(()),
        status => Err(io::Error::other(format!("{status} with {length} bytes"))),
    }
}

/// Connections on which nothing happens after one exchange.
pub(crate) struct Idle {
    _runtime: tokio::runtime::Runtime,
    _connections: Vec<Requests>,
}

impl Idle {
    /// Opens `count` connections and gets 1 KiB on each.
    pub(crate) fn open(target: SocketAddr, count: usize, gets: Gets) -> io::Result<Self> {
        let runtime = runtime();
        let connections = runtime.block_on(async {
            let mut connections = Vec::with_capacity(count);
            for _ in 0..count {
                let mut requests = connect(target).await?;
                get(&mut requests, gets).await?;
                connections.push(requests);
            }
            Ok::<_, io::Error>(connections)
        })?;
        Ok(Self { _runtime: runtime, _connections: connections })
    }
}
