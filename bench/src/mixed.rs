//! Clients of every kind at once, each with a pause between its requests, and a count of what failed.

mod connection;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use self::connection::Connection;
use crate::{link::Link, load::runtime};

/// How long an answer may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of the requests of one kind.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    /// What went wrong first.
    pub(crate) error: Option<String>,
}

/// What became of all of them, by links and kinds.
pub(crate) type Tallies = BTreeMap<String, Tally>;

/// Where a proxy takes clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
}

/// Clients at work in a thread of their own.
pub(crate) struct Mixed {
    tallies: Arc<Mutex<Tallies>>,
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// 1 KiB on a connection that is kept for a hundred requests.
    Get,
    /// A body of 1 MiB, on a connection that is kept as long.
    Post,
    /// A stream that lives for ten echoes of 1 KiB.
    Stream(&'static str),
    /// A stream that lives as long as the clients work.
    LongStream(&'static str),
    /// Server-sent events over five seconds.
    Events,
}

/// How many clients of each kind, plain and over each of the other links, and how long each pauses after a request.
const CLIENTS: [(Kind, [usize; 2], Duration); 7] = [
    (Kind::Get, [16, 4], Duration::from_millis(10)),
    (Kind::Post, [4, 2], Duration::from_millis(100)),
    (Kind::Stream("/detached"), [2, 1], Duration::from_millis(20)),
    (Kind::Stream("/unchanged"), [2, 1], Duration::from_millis(20)),
    (Kind::LongStream("/detached"), [50, 10], Duration::from_millis(500)),
    (Kind::LongStream("/unchanged"), [50, 10], Duration::from_millis(500)),
    (Kind::Events, [10, 5], Duration::from_millis(100)),
];

/// The links, each with its column above.
const LINKS: [(Link, usize); 3] = [(Link::Plain, 0), (Link::Tls, 1), (Link::Http2, 1)];

impl Mixed {
    /// Sets the clients to work.
    pub(crate) fn start(targets: Targets) -> Self {
        let tallies = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker { targets, tallies: Arc::clone(&tallies), stop: Arc::clone(&stop) };
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let mut clients = Vec::new();
                for (link, column) in LINKS {
                    for (kind, counts, pause) in CLIENTS {
                        let client = || tokio::spawn(worker.clone().work(kind, link, pause));
                        clients.extend(std::iter::repeat_with(client).take(counts[column]));
                    }
                }
                for client in clients {
                    client.await.expect("no client panics");
                }
            });
        });
        Self { tallies, stop, thread }
    }

    /// Lets the clients finish what they are at; what they have seen.
    pub(crate) fn finish(self) -> Tallies {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("no client panics");
        lock(&self.tallies).clone()
    }
}

fn lock<T>(tallies: &Mutex<T>) -> MutexGuard<'_, T> {
    tallies.lock().expect("no client panics")
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Get => "GET, 1 KiB",
            Kind::Post => "POST, 1 MiB",
            Kind::Stream(_) => "streams of ten echoes",
            Kind::LongStream(_) => "echoes of lasting streams",
            Kind::Events => "responses of 100 events",
        }
    }

    /// For how many requests a connection is kept.
    fn kept_for(self) -> usize {
        match self {
            Kind::Get | Kind::Post => 100,
            Kind::Stream(_) | Kind::Events => 1,
            Kind::LongStream(_) => usize::MAX,
        }
    }
}

#[derive(Clone)]
struct Worker {
    targets: Targets,
    tallies: Arc<Mutex<Tallies>>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    async fn work(self, kind: Kind, link: Link, pause: Duration) {
        let (mut connection, mut used) = (None, 0);
        while !self.stop.load(Ordering::Relaxed) {
            let asked = tokio::time::timeout(PATIENCE, self.ask(kind, link, &mut connection)).await;
            let answered = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            used += 1;
            if answered.is_err() || used == kind.kept_for() {
                (connection, used) = (None, 0);
            }
            self.count(kind, link, answered.err());
            tokio::time::sleep(pause).await;
        }
    }

    fn count(&self, kind: Kind, link: Link, error: Option<io::Error>) {
        let link = match link {
            Link::Plain => "plain",
            Link::Tls => "TLS",
            Link::Http2 => "HTTP/2",
        };
        let mut tallies = lock(&self.tallies);
        let tally = tallies.entry(format!("{link:8}{}", kind.name())).or_default();
        match error {
            None => tally.done += 1,
            Some(error) => {
                tally.failed += 1;
                tally.error.get_or_insert_with(|| error.to_string());
            }
        }
    }

    /// One request or one life of a stream.
    async fn ask(&self, kind: Kind, link: Link, connection: &mut Option<Connection>) -> io::Result<()> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(Connection::open(self.targets, link, kind).await?),
        };
        connection.ask(kind).await
    }
}
