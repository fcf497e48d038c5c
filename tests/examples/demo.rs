//! The demonstration: a server run from `demo/Caddyfile`, an upstream that speaks WebSocket, and a client of both.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitCode},
    time::{Duration, Instant},
};

use caddis_tests::websocket;
use tokio::net::TcpListener;

/// A running `caddis`, which ends with the demonstration.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let program = std::env::args().nth(1).unwrap_or_else(|| "target/debug/caddis".to_owned());
    match demonstrate(&program).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn demonstrate(program: &str) -> io::Result<()> {
    let upstream = TcpListener::bind("127.0.0.1:0").await?;
    let upstream_port = upstream.local_addr()?.port().to_string();
    tokio::spawn(websocket::serve(upstream, |text| format!("the upstream heard \"{text}\"")));
    let (port, admin) = (free_port().await?, free_port().await?);
    let caddis = |arguments: &[&str], revision: &str| {
        let mut command = Command::new(program);
        command.args(arguments).args(["--config", "demo/Caddyfile"]);
        command.env("PORT", port.to_string()).env("ADMIN_PORT", admin.to_string());
        command.env("UPSTREAM_PORT", &upstream_port).env("REVISION", revision);
        command
    };

    say("$ caddis run --config demo/Caddyfile");
    let log = std::fs::File::create(std::env::temp_dir().join("caddis-demo.log"))?;
    let mut server = Server(caddis(&["run"], "1").stderr(log).spawn()?);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    wait_until_ready(address, &mut server.0)?;

    say(&format!("\n$ curl http://localhost:{port}/"));
    let page = get(address, port)?;
    say(&page);

    say(&format!("$ websocket ws://localhost:{port}/chat"));
    let mut socket = websocket::connect(address, &format!("localhost:{port}"), "/chat").await?;
    for text in ["hello", "are you there?"] {
        say(&format!("> {text}\n< {}", socket.exchange(text).await?));
    }

    say("\n$ REVISION=2 caddis reload --config demo/Caddyfile");
    if !caddis(&["reload"], "2").status()?.success() {
        return Err(io::Error::other("the reload failed"));
    }
    let page = get(address, port)?;
    let revision = page.lines().find(|line| line.to_ascii_lowercase().starts_with("x-revision"));
    say(&format!("the page now says {}", revision.unwrap_or("nothing")));
    if !revision.is_some_and(|line| line.ends_with('2')) {
        return Err(io::Error::other("the new configuration is not served"));
    }

    say("\nand the WebSocket, opened before the reload:");
    say(&format!("> still there?\n< {}", socket.exchange("still there?").await?));
    Ok(())
}

fn wait_until_ready(address: SocketAddr, server: &mut Child) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        if let Some(status) = server.try_wait()? {
            return Err(io::Error::other(format!("caddis ended: {status}")));
        }
        if Instant::now() > end {
            return Err(io::Error::other("caddis does not listen"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

fn get(address: SocketAddr, port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[expect(clippy::print_stdout, reason = "showing is what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
