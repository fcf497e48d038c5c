//! Closed-loop clients: each sends, waits for the whole answer, and sends again.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    link::{Duplex, HOST, Link, connect, message, upgraded},
    origin::{ANSWER, head_end},
};

/// What a run of clients saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Complete round trips.
    pub(crate) count: u64,
    /// Clients that failed.
    pub(crate) errors: u64,
    /// Each round trip in microseconds, sorted.
    pub(crate) micros: Vec<u32>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// What a client does over and over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// `size` bytes there and back through an upgraded connection.
    PingPong { size: usize },
    /// A GET on a kept-alive connection.
    Get,
    /// A POST of `size` bytes on a kept-alive connection.
    Post { size: usize },
}

/// What a run puts on a proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) link: Link,
    pub(crate) clients: usize,
    pub(crate) work: Work,
}

/// Runs the clients against `target` for `duration` on one thread. All are connected before the first begins.
pub(crate) fn run(target: SocketAddr, load: Load, duration: Duration) -> Seen {
    let runtime = runtime();
    let seen = Arc::new(Mutex::new(Seen::default()));
    runtime.block_on(async {
        let streams = open(target, load).await;
        let mut streams = streams.unwrap_or_else(|error| panic!("the clients cannot connect: {error}"));
        let started = Instant::now();
        let tasks: Vec<_> = streams
            .drain(..)
            .map(|stream| {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    let mut micros = Vec::with_capacity(1 << 16);
                    let outcome = client(stream, load.work, started + duration, &mut micros).await;
                    let mut seen = seen.lock().expect("no client panics");
                    seen.count += micros.len() as u64;
                    seen.errors += u64::from(outcome.is_err());
                    seen.micros.append(&mut micros);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no client panics");
        }
        seen.lock().expect("no client panics").elapsed = started.elapsed();
    });
    let mut seen = std::mem::take(&mut *seen.lock().expect("no client panics"));
    seen.micros.sort_unstable();
    seen
}

async fn open(target: SocketAddr, load: Load) -> io::Result<Vec<Box<dyn Duplex>>> {
    if let Work::PingPong { .. } = load.work {
        return upgraded(target, load.link, "/upgrade", load.clients).await;
    }
    let mut streams = Vec::with_capacity(load.clients);
    for _ in 0..load.clients {
        streams.push(connect(target, load.link).await?);
    }
    Ok(streams)
}

/// A runtime on the calling thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

async fn client(
    mut stream: Box<dyn Duplex>,
    work: Work,
    end: Instant,
    micros: &mut Vec<u32>,
) -> io::Result<()> {
    let request = match work {
        Work::PingPong { size } => message(size),
        Work::Get => format!("GET /bench HTTP/1.1\r\nHost: {HOST}\r\n\r\n").into_bytes(),
        Work::Post { size } => {
            let head = format!("POST /bench HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n");
            [head.into_bytes(), vec![b'p'; size]].concat()
        }
    };
    let mut answer = vec![0; request.len().max(8 * 1024)];
    while Instant::now() < end {
        let sent = Instant::now();
        if let Work::PingPong { size } = work {
            echo(&mut stream, &request, &mut answer[..size]).await?;
        } else {
            stream.write_all(&request).await?;
            stream.flush().await?;
            read_answer(&mut stream, &mut answer).await?;
        }
        micros.push(sent.elapsed().as_micros() as u32);
    }
    Ok(())
}

/// Sends a message and reads as much back, which has to be the same.
pub(crate) async fn echo(stream: &mut Box<dyn Duplex>, message: &[u8], answer: &mut [u8]) -> io::Result<()> {
    stream.write_all(message).await?;
    stream.flush().await?;
    stream.read_exact(answer).await?;
    if answer == message { Ok(()) } else { Err(io::Error::other("the echo differs")) }
}

/// Reads the answer of the upstream to a request; all of it has to fit into the buffer.
pub(crate) async fn read_answer(stream: &mut Box<dyn Duplex>, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(head) = head_end(&buffer[..filled]) {
            if !buffer.starts_with(b"HTTP/1.1 200") {
                return Err(io::Error::other("not a 200"));
            }
            if filled == head + ANSWER {
                return Ok(());
            }
        }
    }
}

/// Upgraded connections that are kept open.
pub(crate) struct Streams {
    runtime: tokio::runtime::Runtime,
    streams: Vec<Box<dyn Duplex>>,
}

impl Streams {
    /// Opens `count` streams and exercises each once with 1 KiB.
    pub(crate) fn open(target: SocketAddr, link: Link, count: usize) -> io::Result<Self> {
        Self::open_on(&[("/upgrade", count)], target, link)
    }

    /// The same with so many streams on each path.
    pub(crate) fn open_on(paths: &[(&str, usize)], target: SocketAddr, link: Link) -> io::Result<Self> {
        let (runtime, mut streams) = (runtime(), Vec::new());
        for &(path, count) in paths {
            streams.extend(runtime.block_on(upgraded(target, link, path, count))?);
        }
        let count = streams.len();
        let mut all = Self { runtime, streams };
        if all.alive(1024) != count {
            return Err(io::Error::other("a stream did not echo"));
        }
        Ok(all)
    }

    /// How many still echo `size` bytes within two seconds.
    pub(crate) fn alive(&mut self, size: usize) -> usize {
        let message = message(size);
        self.runtime.block_on(async {
            let mut alive = 0;
            for stream in &mut self.streams {
                let mut answer = vec![0; size];
                let echo = echo(stream, &message, &mut answer);
                let echoed = tokio::time::timeout(Duration::from_secs(2), echo).await;
                alive += usize::from(matches!(echoed, Ok(Ok(()))));
            }
            alive
        })
    }
}
