//! Closed-loop clients: each sends, waits for the whole answer, and sends again.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::origin::head_end;

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
}

/// Runs `clients` clients against `target` for `duration` on one thread.
pub(crate) fn run(target: SocketAddr, clients: usize, work: Work, duration: Duration) -> Seen {
    let runtime = runtime();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let started = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    let mut micros = Vec::with_capacity(1 << 16);
                    let outcome = client(target, work, Instant::now() + duration, &mut micros).await;
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
    });
    let mut seen = std::mem::take(&mut *seen.lock().expect("no client panics"));
    seen.elapsed = started.elapsed();
    seen.micros.sort_unstable();
    seen
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

async fn client(target: SocketAddr, work: Work, end: Instant, micros: &mut Vec<u32>) -> io::Result<()> {
    match work {
        Work::PingPong { size } => {
            let mut stream = upgrade(target).await?;
            let payload: Vec<u8> = (0..size).map(|at| b'a' + (at % 26) as u8).collect();
            let mut answer = vec![0; size];
            while Instant::now() < end {
                let sent = Instant::now();
                stream.write_all(&payload).await?;
                stream.read_exact(&mut answer).await?;
                if answer != payload {
                    return Err(io::Error::other("the echo differs"));
                }
                micros.push(sent.elapsed().as_micros() as u32);
            }
        }
        Work::Get => {
            let mut stream = TcpStream::connect(target).await?;
            stream.set_nodelay(true)?;
            let request = format!("GET /bench HTTP/1.1\r\nHost: {target}\r\n\r\n");
            let mut buffer = vec![0; 8 * 1024];
            while Instant::now() < end {
                let sent = Instant::now();
                stream.write_all(request.as_bytes()).await?;
                read_answer(&mut stream, &mut buffer).await?;
                micros.push(sent.elapsed().as_micros() as u32);
            }
        }
    }
    Ok(())
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
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
            if filled == head + 1024 {
                return Ok(());
            }
        }
    }
}

/// Opens one upgraded connection.
pub(crate) async fn upgrade(target: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /upgrade HTTP/1.1\r\nHost: {target}\r\nConnection: Upgrade\r\nUpgrade: stress-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while head_end(&head).is_none() {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if head.starts_with(b"HTTP/1.1 101") { Ok(stream) } else { Err(io::Error::other("not a 101")) }
}

/// Upgraded connections that are kept open.
pub(crate) struct Streams {
    runtime: tokio::runtime::Runtime,
    streams: Vec<TcpStream>,
}

impl Streams {
    /// Opens `count` streams and exercises each once with 1 KiB.
    pub(crate) fn open(target: SocketAddr, count: usize) -> io::Result<Self> {
        let runtime = runtime();
        let streams = runtime.block_on(async {
            let mut streams = Vec::with_capacity(count);
            for _ in 0..count {
                streams.push(upgrade(target).await?);
            }
            io::Result::Ok(streams)
        })?;
        let mut all = Self { runtime, streams };
        if all.alive(1024) != count {
            return Err(io::Error::other("a stream did not echo"));
        }
        Ok(all)
    }

    /// How many still echo `size` bytes within two seconds.
    pub(crate) fn alive(&mut self, size: usize) -> usize {
        let payload = vec![b'e'; size];
        self.runtime.block_on(async {
            let mut alive = 0;
            for stream in &mut self.streams {
                let mut answer = vec![0; size];
                let echo = async {
                    stream.write_all(&payload).await?;
                    stream.read_exact(&mut answer).await
                };
                let echoed = tokio::time::timeout(Duration::from_secs(2), echo).await;
                alive += usize::from(matches!(echoed, Ok(Ok(_))) && answer == payload);
            }
            alive
        })
    }
}
