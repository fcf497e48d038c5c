//! Clients of WebTransport, and an upstream that sends everything back.

pub(crate) mod relay;

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use caddis_tests::webtransport::{Asked, Client, Session, Stream, Upstream};
use http::HeaderMap;
use tokio::runtime::Runtime;

use crate::{link::HOST, load::runtime, measure::percentile};

/// Sends back what comes on streams.
pub(crate) const STREAMS: &str = "/streams";
/// Sends back datagrams.
pub(crate) const DATAGRAMS: &str = "/datagrams";
/// Waits for the end of the session.
pub(crate) const NOTHING: &str = "/nothing";
/// What goes to and fro, in bytes.
const MESSAGE: usize = 64;
/// How long a datagram may take until it counts as lost.
const LOST: Duration = Duration::from_millis(200);

/// Starts an upstream on a thread of its own, for as long as the process lives.
pub(crate) fn upstream() -> SocketAddr {
    let (sender, address) = mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let upstream = Upstream::start().await;
            sender.send(upstream.address).expect("it is waited for");
            loop {
                tokio::spawn(answer(upstream.asked().await));
            }
        });
    });
    address.recv().expect("the upstream starts")
}

async fn answer(asked: Asked) {
    let path = asked.head.uri.path().to_owned();
    let mut session = asked.accept(HeaderMap::new()).await;
    match &*path {
        STREAMS => loop {
            let mut stream = session.accept().await;
            tokio::spawn(async move {
                let mut message = stream.read(MESSAGE).await;
                loop {
                    stream.write(&message).await;
                    match stream.receiver().read_exact(&mut message).await {
                        Ok(()) => {}
                        Err(_) => return,
                    }
                }
            });
        },
        DATAGRAMS => loop {
            let payload = session.datagram().await;
            session.send_datagram(&payload);
        },
        _ => {
            session.closed().await;
            session.finish();
        }
    }
}

/// What clients have seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) count: u64,
    pub(crate) lost: u64,
    pub(crate) elapsed: Duration,
    micros: Vec<u32>,
}

impl Seen {
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }

    pub(crate) fn percentile(&self, share: f64) -> f64 {
        percentile(&self.micros, share)
    }

    /// Of what was sent, in percent.
    pub(crate) fn loss(&self) -> f64 {
        100.0 * self.lost as f64 / (self.count + self.lost).max(1) as f64
    }
}

async fn session(client: &Client, path: &str) -> Session {
    let answer = client.session(&format!("https://{HOST}{path}")).await;
    answer.unwrap_or_else(|answer| panic!("no session: {answer:?}"))
}

/// Runs `clients` of them for `duration`, each on a connection of its own to one of the targets.
pub(crate) fn run(targets: &[SocketAddr], path: &'static str, clients: usize, duration: Duration) -> Seen {
    let running = runtime();
    let mut all = Seen::default();
    running.block_on(async {
        let mut ready = Vec::new();
        for client in 0..clients {
            ready.push(Client::connect(targets[client % targets.len()], HOST).await);
        }
        let started = Instant::now();
        let running: Vec<_> = ready
            .into_iter()
            .map(|client| {
                tokio::spawn(async move {
                    match path {
                        STREAMS => echo(&client, duration).await,
                        DATAGRAMS => datagrams(&client, duration).await,
                        _ => churn(&client, duration).await,
                    }
                })
            })
            .collect();
        for client in running {
            let mut seen = client.await.expect("no client panics");
            all.count += seen.count;
            all.lost += seen.lost;
            all.micros.append(&mut seen.micros);
        }
        all.elapsed = started.elapsed();
    });
    all.micros.sort_unstable();
    all
}

async fn echo(client: &Client, duration: Duration) -> Seen {
    let session = session(client, STREAMS).await;
    let mut stream = session.open_bi().await;
    let (mut seen, end) = (Seen::default(), Instant::now() + duration);
    while Instant::now() < end {
        let sent = Instant::now();
        stream.write(&[7; MESSAGE]).await;
        stream.read(MESSAGE).await;
        seen.micros.push(sent.elapsed().as_micros() as u32);
        seen.count += 1;
    }
    seen
}

async fn datagrams(client: &Client, duration: Duration) -> Seen {
    let session = session(client, DATAGRAMS).await;
    let (mut seen, end) = (Seen::default(), Instant::now() + duration);
    while Instant::now() < end {
        // Some at once, as applications that use datagrams do.
        for _ in 0..8 {
            session.send_datagram(&[7; MESSAGE]);
        }
        for back in 0..8 {
            if tokio::time::timeout(LOST, session.datagram()).await.is_err() {
                seen.lost += 8 - back;
                break;
            }
            seen.count += 1;
        }
    }
    seen
}

/// Sessions that are closed as soon as they are there.
async fn churn(client: &Client, duration: Duration) -> Seen {
    let (mut seen, end) = (Seen::default(), Instant::now() + duration);
    while Instant::now() < end {
        open_and_close(client).await;
        seen.count += 1;
    }
    seen
}

async fn open_and_close(client: &Client) {
    let mut session = session(client, NOTHING).await;
    session.close(7, "done").await;
    session.closed().await;
}

/// Opens and closes `count` sessions, some at a time on a connection.
pub(crate) fn churn_of(target: SocketAddr, count: usize) {
    const CLIENTS: usize = 20;
    runtime().block_on(async {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                tokio::spawn(async move {
                    let client = Client::connect(target, HOST).await;
                    for _ in 0..count / CLIENTS {
                        open_and_close(&client).await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.expect("no client panics");
        }
    });
}

/// Sessions that stay open, each on a connection of its own or some on one.
pub(crate) struct Open {
    runtime: Runtime,
    sessions: Vec<(Session, Vec<Stream>)>,
    clients: Vec<Client>,
}

impl Open {
    /// Opens `connections` with so many sessions each, and on each of these so many streams.
    pub(crate) fn new(target: SocketAddr, connections: usize, sessions: usize, streams: usize) -> Self {
        let runtime = runtime();
        let (mut open, mut clients) = (Vec::new(), Vec::new());
        runtime.block_on(async {
            for _ in 0..connections {
                let client = Client::connect(target, HOST).await;
                for _ in 0..sessions {
                    let path = if streams == 0 { NOTHING } else { STREAMS };
                    let session = session(&client, path).await;
                    let mut all = Vec::with_capacity(streams);
                    for _ in 0..streams {
                        all.push(session.open_bi().await);
                    }
                    open.push((session, all));
                }
                clients.push(client);
            }
        });
        Self { runtime, sessions: open, clients }
    }

    /// How many streams send a message to the upstream and back within some seconds.
    pub(crate) fn alive(&mut self) -> usize {
        let Self { runtime, sessions, .. } = self;
        runtime.block_on(async {
            let mut alive = 0;
            for stream in sessions.iter_mut().flat_map(|(_, streams)| streams) {
                let exchange = async {
                    stream.sender().write_all(&[7; MESSAGE]).await.ok()?;
                    let mut message = [0; MESSAGE];
                    stream.receiver().read_exact(&mut message).await.ok()
                };
                let there = tokio::time::timeout(Duration::from_secs(5), exchange).await;
                alive += usize::from(matches!(there, Ok(Some(()))));
            }
            alive
        })
    }
}

impl Drop for Open {
    /// Without a word the proxy would take the clients for silent.
    fn drop(&mut self) {
        self.runtime.block_on(async {
            for client in &self.clients {
                client.link.quic.close(0_u32.into(), b"");
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        });
    }
}
