//! The upstream: answers every GET with 1 KiB, and echoes after an upgrade.

use std::{io, net::SocketAddr, thread};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A running upstream on its own thread; it ends with the process.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("origin".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).expect("the listener is valid");
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream));
                }
            }
        });
    })?;
    Ok(address)
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let body = "x".repeat(1024);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n{body}");
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
            if contains_upgrade(head) {
                stream
                    .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: stress-stream\r\n\r\n")
                    .await?;
                stream.write_all(&buffer[start..filled]).await?;
                drop(buffer);
                return echo(stream).await;
            }
            stream.write_all(answer.as_bytes()).await?;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
}

/// The length of the first complete request head.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn contains_upgrade(head: &[u8]) -> bool {
    head.windows(8).any(|window| window.eq_ignore_ascii_case(b"upgrade:"))
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
