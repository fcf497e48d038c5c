//! The crates h3 and web-transport-quinn as peers of Caddis: `caddis-peers client PORT ROOT`, where ROOT is the file of the
//! authority's certificate, or `caddis-peers server`, which prints its address. `sessions-client` and `sessions-server` are those of
//! WebTransport; `sessions-poke PORT ROOT N` opens N streams at once in a session.

mod client;
mod server;
mod sessions;

use std::process::ExitCode;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["client", port, root] => client::run(port, root).await,
        ["server"] => server::run().await,
        ["sessions-client", port, root] => sessions::client::run(port, root).await,
        ["sessions-poke", port, root, streams] => sessions::poke::run(port, root, streams).await,
        ["sessions-server"] => sessions::server::run().await,
        _ => Err("usage: caddis-peers [sessions-]client PORT ROOT | [sessions-]server".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
