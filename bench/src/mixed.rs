//! Clients of every kind at once, each with a pause between its requests, and a count of what failed.

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

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    link::{Duplex, HOST, Link, connect, message, upgraded},
    load::{echo, read_answer, runtime},
    origin::EVENTS,
};

/// How long an answer may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);
const POSTED: usize = 1 << 20;

/// What became of the requests of one kind.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    /// What went wrong first.
    pub(crate) error: Option<String>,
}

/// Clients at work in a thread of their own.
pub(crate) struct Mixed {
    tallies: Arc<Mutex<BTreeMap<&'static str, Tally>>>,
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

/// How many clients of each kind, and how long each pauses after a request.
const CLIENTS: [(Kind, usize, Duration); 7] = [
    (Kind::Get, 16, Duration::from_millis(10)),
    (Kind::Post, 4, Duration::from_millis(100)),
    (Kind::Stream("/detached"), 2, Duration::from_millis(20)),
    (Kind::Stream("/unchanged"), 2, Duration::from_millis(20)),
    (Kind::LongStream("/detached"), 50, Duration::from_millis(500)),
    (Kind::LongStream("/unchanged"), 50, Duration::from_millis(500)),
    (Kind::Events, 10, Duration::from_millis(100)),
];

impl Mixed {
    /// Sets the clients to work.
    pub(crate) fn start(target: SocketAddr) -> Self {
        let tallies = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker { target, tallies: Arc::clone(&tallies), stop: Arc::clone(&stop) };
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let clients: Vec<_> = CLIENTS
                    .into_iter()
                    .flat_map(|(kind, count, pause)| std::iter::repeat_n((kind, pause), count))
                    .map(|(kind, pause)| tokio::spawn(worker.clone().work(kind, pause)))
                    .collect();
                for client in clients {
                    client.await.expect("no client panics");
                }
            });
        });
        Self { tallies, stop, thread }
    }

    /// Lets the clients finish what they are at; what they have seen.
    pub(crate) fn finish(self) -> BTreeMap<&'static str, Tally> {
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
    target: SocketAddr,
    tallies: Arc<Mutex<BTreeMap<&'static str, Tally>>>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    async fn work(self, kind: Kind, pause: Duration) {
        let (mut connection, mut used) = (None, 0);
        while !self.stop.load(Ordering::Relaxed) {
            let asked = tokio::time::timeout(PATIENCE, self.ask(kind, &mut connection)).await;
            let answered = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            used += 1;
            if answered.is_err() || used == kind.kept_for() {
                (connection, used) = (None, 0);
            }
            self.count(kind, answered.err());
            tokio::time::sleep(pause).await;
        }
    }

    fn count(&self, kind: Kind, error: Option<io::Error>) {
        let mut tallies = lock(&self.tallies);
        let tally = tallies.entry(kind.name()).or_default();
        match error {
            None => tally.done += 1,
            Some(error) => {
                tally.failed += 1;
                tally.error.get_or_insert_with(|| error.to_string());
            }
        }
    }

    /// One request or one life of a stream.
    async fn ask(&self, kind: Kind, connection: &mut Option<Box<dyn Duplex>>) -> io::Result<()> {
        let stream = match connection {
            Some(stream) => stream,
            None => connection.insert(self.open(kind).await?),
        };
        let mut answer = [0; 2048];
        match kind {
            Kind::Get => {
                stream.write_all(head("GET", "/get", 0).as_bytes()).await?;
                read_answer(stream, &mut answer).await
            }
            Kind::Post => {
                stream.write_all(head("POST", "/post", POSTED).as_bytes()).await?;
                stream.write_all(&[b'p'; POSTED]).await?;
                read_answer(stream, &mut answer).await
            }
            Kind::Stream(_) => {
                for _ in 0..10 {
                    echo(stream, &message(1024), &mut answer[..1024]).await?;
                }
                Ok(())
            }
            Kind::LongStream(_) => echo(stream, &message(1024), &mut answer[..1024]).await,
            Kind::Events => events(stream).await,
        }
    }

    async fn open(&self, kind: Kind) -> io::Result<Box<dyn Duplex>> {
        match kind {
            Kind::Stream(path) | Kind::LongStream(path) => {
                let mut streams = upgraded(self.target, Link::Plain, path, 1).await?;
                streams.pop().ok_or_else(|| io::Error::other("no stream was opened"))
            }
            Kind::Get | Kind::Post | Kind::Events => connect(self.target, Link::Plain).await,
        }
    }
}

fn head(method: &str, path: &str, length: usize) -> String {
    let length = if length == 0 { String::new() } else { format!("Content-Length: {length}\r\n") };
    format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{length}\r\n")
}

/// Reads events to the end and looks whether all came.
async fn events(stream: &mut Box<dyn Duplex>) -> io::Result<()> {
    stream.write_all(head("GET", "/events", 0).as_bytes()).await?;
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n0\r\n\r\n") {
        if stream.read_buf(&mut seen).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let text = String::from_utf8_lossy(&seen);
    let all = (0..EVENTS).all(|number| text.contains(&format!("data: {number}\n\n")));
    let whole = text.starts_with("HTTP/1.1 200") && all;
    if whole { Ok(()) } else { Err(io::Error::other("events are missing")) }
}
