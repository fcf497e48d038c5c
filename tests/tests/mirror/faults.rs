//! Whatever goes wrong beside the primary, its answers are those without a mirror.

use bytes::Bytes;
use caddis_tests::client::{request, send};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

use super::{Mirror, Upstream, differences};

/// How a server misbehaves once it has a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    Refuses,
    Silent,
    Resets,
    Closes,
    BreaksHead,
    BreaksBody,
    NeverReads,
    Endless,
    Nonsense,
}

/// A server with a fault.
pub(super) struct Faulty {
    pub(super) address: String,
    task: JoinHandle<()>,
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Faulty {
    pub(super) async fn new(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move {
            if fault == Fault::Refuses {
                return;
            }
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    // The other side leaves when it has had enough.
                    drop(misbehave(stream, fault).await);
                });
            }
        });
        Self { address, task }
    }
}

pub(super) async fn read_head(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(())
}

async fn misbehave(mut stream: TcpStream, fault: Fault) -> std::io::Result<()> {
    if fault != Fault::NeverReads {
        read_head(&mut stream).await?;
    }
    match fault {
        Fault::Refuses => Ok(()),
        Fault::Resets => stream.set_zero_linger(),
        Fault::Silent | Fault::NeverReads => std::future::pending().await,
        Fault::Closes => Ok(()),
        Fault::BreaksHead => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-").await,
        Fault::BreaksBody => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await,
        Fault::Nonsense => stream.write_all(b"\x00\x01\x02 no HTTP at all\r\n\r\n").await,
        Fault::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n").await?;
            let piece = [b'x'; 1 << 16];
            loop {
                stream.write_all(&piece).await?;
            }
        }
    }
}

#[tokio::test]
async fn the_primary_has_no_time_limit() {
    let (release, mut released) = mpsc::channel::<()>(1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let primary = format!("reverse_proxy {}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        released.recv().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await.unwrap();
    });
    let mirror = Mirror::with("compare_body\nsecondary_timeout 20ms", &primary, "respond early").await;
    let address = mirror.server.address(":0");
    let answer = tokio::spawn(async move { caddis_tests::client::get(address, "h", "/").await });
    mirror.once("timed_out", 1).await;
    release.send(()).await.unwrap();
    assert_eq!(answer.await.unwrap().text(), "late");
    serving.await.unwrap();
}

#[tokio::test]
async fn a_copy_outlives_its_client() {
    let secondary = Upstream::saying("secondary").await;
    let silent = Faulty::new(Fault::Silent).await;
    let proxy = |address: &str| format!("reverse_proxy {address}");
    let mirror =
        Mirror::with("compare_body", &proxy(&silent.address), &proxy(&secondary.origin.address.to_string()))
            .await;
    let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    client.write_all(b"GET /left HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    mirror.once("mirrored", 1).await;
    drop(client);
    let start = std::time::Instant::now();
    while secondary.got() != ["GET /left "] {
        assert!(start.elapsed().as_secs() < 20, "{:?}", secondary.got());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn answers_stream_while_they_are_compared() {
    let (feed, mut pieces) = mpsc::channel::<&'static str>(1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let primary = format!("reverse_proxy {}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while let Some(piece) = pieces.recv().await {
            stream.write_all(piece.as_bytes()).await.unwrap();
        }
    });
    let mirror =
        Mirror::with("compare_body\nmetrics events", &primary, "respond \"data: one\n\ndata: 2\n\n\"").await;
    let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut seen = String::new();
    for piece in ["data: one\n\n", "data: two\n\n"] {
        feed.send(piece).await.unwrap();
        while !seen.contains(piece) {
            let mut buffer = [0; 4096];
            let count = client.read(&mut buffer).await.unwrap();
            assert!(count > 0, "{seen}");
            seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
    }
    drop(feed);
    let report = mirror.once("compared", 1).await;
    assert_eq!(differences(&report)[0]["field"], "body", "{report}");
    let line = &mirror.logged("shadow_mismatch", 1).await[0];
    assert_eq!((&line["offset"], &line["offset_is_exact"]), (&json!(17), &json!(true)));
}

#[tokio::test]
async fn too_many_copies_are_dropped() {
    let silent = Faulty::new(Fault::Silent).await;
    let secondary = format!("reverse_proxy {}", silent.address);
    let mirror = Mirror::with("max_in_flight 1\nmetrics few", "respond primary", &secondary).await;
    for _ in 0..3 {
        assert_eq!(mirror.get("/").await.text(), "primary");
    }
    let report = mirror.once("dropped", 2).await;
    assert_eq!(report["counts"]["mirrored"], 1, "{report}");
    assert!(mirror.admin("/metrics").await.text().contains("\nfew_shadow_dropped 2\n"));
}

#[tokio::test]
async fn a_primary_that_does_not_read_the_body_does_not_cut_the_copy() {
    let secondary = Upstream::saying("secondary").await;
    let mirror =
        Mirror::with("", "respond early", &format!("reverse_proxy {}", secondary.origin.address)).await;
    let (half, length) = ("0123456789abcdef".repeat(1 << 16), 2 << 20);
    let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"early") {
        answer.push(client.read_u8().await.unwrap());
    }
    // The primary has answered before anything of the body was there.
    for _ in 0..2 {
        client.write_all(half.as_bytes()).await.unwrap();
    }
    let start = std::time::Instant::now();
    while secondary.got().is_empty() {
        assert!(start.elapsed().as_secs() < 20);
        tokio::task::yield_now().await;
    }
    assert!(secondary.got() == [format!("POST / {half}{half}")]);
}

#[tokio::test]
async fn programs_without_end_are_given_up() {
    let options = "compare_jq `[repeat(1)]`\nlog_level warn";
    let mirror = Mirror::with(options, "respond 1", "respond 1").await;
    for request in 1..=2 {
        assert_eq!(mirror.get("/").await.text(), "1");
        mirror.once("abandoned", request).await;
    }
    let line = &mirror.logged("shadow_not_compared", 2).await[0];
    assert_eq!(line["level"], "error");
    assert!(line["error"].as_str().unwrap().starts_with("the jq program '[repeat(1)]' "), "{line}");
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_not_mirrored() {
    let (primary, secondary) = (Upstream::saying("primary").await, Upstream::saying("secondary").await);
    let mirror = Mirror::between("max_body 10", &primary, &secondary).await;
    for body in ["12345678901", "1234567890"] {
        let call = request("POST", "h", "/").body(Bytes::from(body)).unwrap();
        assert_eq!(send(mirror.server.address(":0"), call).await.text(), "primary");
    }
    let start = std::time::Instant::now();
    while secondary.got().is_empty() {
        assert!(start.elapsed().as_secs() < 20);
        tokio::task::yield_now().await;
    }
    assert_eq!((primary.got().len(), secondary.got()), (2, vec!["POST / 1234567890".to_owned()]));
}

#[tokio::test]
async fn a_copy_may_lag_so_far_behind() {
    let primary = Upstream::saying("primary").await;
    for (lag, given_up) in [("1MiB", true), ("20MiB", false)] {
        let silent = Faulty::new(Fault::NeverReads).await;
        let options = format!("max_lag {lag}");
        let ours = format!("reverse_proxy {}", primary.origin.address);
        let mirror = Mirror::with(&options, &ours, &format!("reverse_proxy {}", silent.address)).await;
        // More than sockets hold.
        let body = Bytes::from(vec![b'b'; 16 << 20]);
        let call = request("POST", "h", "/").body(body).unwrap();
        assert_eq!(send(mirror.server.address(":0"), call).await.text(), "primary");
        if given_up {
            mirror.once("abandoned", 1).await;
            let line = &mirror.logged("secondary_handler_error", 1).await[0];
            assert_eq!(line["error"], "the copy of the body lagged too far behind");
        }
        let counts = mirror.report().await["counts"].clone();
        assert_eq!((&counts["mirrored"], &counts["abandoned"]), (&json!(1), &json!(u64::from(given_up))));
    }
}
