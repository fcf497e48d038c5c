//! Many streams at once in one session, each with content of its own, and how long each took.

use std::time::Instant;

use web_transport_quinn::{Session, proto::ConnectRequest};

use crate::{
    Outcome,
    client::{check, dial},
};

const LIMIT: usize = 1 << 20;

pub async fn run(port: &str, root: &str, streams: &str) -> Outcome {
    let streams: usize = streams.parse()?;
    let quic = dial(port.parse()?, root).await?;
    let url: url::Url = format!("https://localhost:{port}/").parse()?;
    let session = Session::connect(quic, ConnectRequest::new(url)).await?;
    println!("session established");
    let started = Instant::now();
    let poking: Vec<_> = (0..streams).map(|index| tokio::spawn(poke(session.clone(), index))).collect();
    for (index, stream) in poking.into_iter().enumerate() {
        stream.await?.map_err(|error| format!("stream {index}: {error}"))?;
    }
    println!("{streams} streams echoed in {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    session.close(0, b"done");
    session.closed().await;
    Ok(())
}

async fn poke(session: Session, index: usize) -> Result<(), String> {
    let poke = async || -> Outcome {
        let started = Instant::now();
        let content = format!("stream {index}: reverse-proxied via the pump");
        let (mut send, mut receive) = session.open_bi().await?;
        send.write_all(format!("echo\n{content}").as_bytes()).await?;
        send.finish()?;
        let back = receive.read_to_end(LIMIT).await?;
        check(back == content.as_bytes(), String::from_utf8_lossy(&back))?;
        println!("  stream {index}: {} bytes in {:.1} ms", back.len(), started.elapsed().as_secs_f64() * 1e3);
        Ok(())
    };
    poke().await.map_err(|error| error.to_string())
}
