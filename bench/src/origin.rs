//! The upstream: answers every request with 1 KiB once it has read it, `GET /large` with 1 MiB, `GET /slow` after five seconds, `GET /events` with events over as long, and echoes
//! after an upgrade.

use std::{
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How long `GET /slow` takes.
pub(crate) const SLOW: Duration = Duration::from_secs(5);
/// Bytes of the answer to a request.
pub(crate) const ANSWER: usize = 1024;
/// Bytes of the answer to `GET /large`.
pub(crate) const LARGE: usize = 1 << 20;
/// How many events `GET /events` gets, one every 50 ms.
pub(crate) const EVENTS: usize = 100;

/// A running upstream in a process of its own, so that its descriptors and processor time are not the clients'.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Drop for Origin {
    fn drop(&mut self) {
        // It ends by itself when its standard input closes; this only makes it sooner.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Origin {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// Starts this program once more as the upstream.
pub(crate) fn start() -> io::Result<Origin> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--origin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it was asked for")).read_line(&mut line)?;
    let address = line.trim().parse().map_err(io::Error::other)?;
    Ok(Origin { address, child })
}

/// Serves until standard input is closed. Prints its address first.
#[expect(clippy::print_stdout, reason = "the address is what the parent reads")]
pub(crate) fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let mut rest = Vec::new();
        let mut end = tokio::task::spawn_blocking(move || std::io::stdin().read_to_end(&mut rest));
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(serve(stream));
                    }
                }
                _ = &mut end => return Ok(()),
            }
        }
    })
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = answer(ANSWER);
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut start = 0;
        while let Some(end) = head_end(&buffer[start..filled]) {
            let head = &buffer[start..start + end];
            start += end;
            if let Some(switch) = switch(head) {
                stream.write_all(switch.as_bytes()).await?;
                stream.write_all(&buffer[start..filled]).await?;
                drop(buffer);
                return echo(stream).await;
            }
            if head.starts_with(b"GET /events ") {
                events(&mut stream).await?;
                continue;
            }
            if head.starts_with(b"GET /slow ") {
                tokio::time::sleep(SLOW).await;
            }
            let is_large = head.starts_with(b"GET /large ");
            let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let here = (filled - start).min(length);
            start += here;
            skip(&mut stream, length - here).await?;
            stream.write_all(if is_large { large() } else { &answer }.as_bytes()).await?;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
}

/// An answer with so many bytes.
fn answer(size: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n{}",
        "x".repeat(size)
    )
}

fn large() -> &'static str {
    static LARGE_ANSWER: LazyLock<String> = LazyLock::new(|| answer(LARGE));
    &LARGE_ANSWER
}

/// The length of the first complete request head.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// The value of a header.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = std::str::from_utf8(head).ok()?.lines().skip(1);
    let mut pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The answer to a request for an upgrade; `None` to any other. A WebSocket wants its key answered (RFC 6455, section 4.2.2).
fn switch(head: &[u8]) -> Option<String> {
    let protocol = header(head, "upgrade")?;
    let accept = header(head, "sec-websocket-key").map_or(String::new(), |key| {
        format!("Sec-WebSocket-Accept: {}\r\n", derive_accept_key(key.as_bytes()))
    });
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n{accept}\r\n"
    ))
}

async fn events(stream: &mut TcpStream) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    for number in 0..EVENTS {
        let event = format!("data: {number}\n\n");
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stream.write_all(b"0\r\n\r\n").await
}

/// Reads and forgets `length` bytes.
async fn skip(stream: &mut TcpStream, mut length: usize) -> io::Result<()> {
    let mut buffer = vec![0; length.min(256 * 1024)];
    while length > 0 {
        let room = buffer.len().min(length);
        match stream.read(&mut buffer[..room]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => length -= read,
        }
    }
    Ok(())
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    // No buffer is held while the peer is silent, so that 10,000 idle streams cost the measuring side little.
    loop {
        stream.readable().await?;
        let mut buffer = [0; 64 * 1024];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => stream.write_all(&buffer[..read]).await?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
