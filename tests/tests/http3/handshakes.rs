//! Handshakes: many at once, certificates that arise and change, and what is noted of requests.

use caddis_tests::{Server, client, http3::Client, relay::Relay};
use http::Request;
use quinn::ConnectionError;
use serde_json::Value;

use super::{LISTEN, URL, site};

/// More handshakes than a shard has at once before clients must show that they are where they say; some may get lost.
const CROWD: usize = 1500;

#[tokio::test]
async fn clients_show_their_address_when_there_are_many() {
    let server = Server::start_on(1, &site("respond hi")).await;
    let address = server.address(LISTEN);
    let before = Relay::start(address).await;
    before.open();
    let client = Client::connect(before.address, "a.localhost").await;
    assert_eq!(client.get(URL).await.text(), "hi");
    assert!(!before.has_retried());
    // Their first messages arrive, and nothing gets back to them.
    let silent = Relay::start(address).await;
    let mut crowd = tokio::task::JoinSet::new();
    for number in 1..=CROWD {
        crowd.spawn(Client::try_connect(silent.address, "a.localhost"));
        // More than sockets can hold would be lost.
        while silent.passed() < number {
            tokio::task::yield_now().await;
        }
    }
    loop {
        let relay = Relay::start(address).await;
        relay.open();
        // Where the crowd leaves a machine no time, a handshake may be over too late.
        let Ok(client) = Client::try_connect(relay.address, "a.localhost").await else { continue };
        assert_eq!(client.get(URL).await.text(), "hi");
        client.quic.close(0u32.into(), b"");
        if relay.has_retried() {
            break;
        }
    }
}

#[tokio::test]
async fn certificates_arise_on_demand() {
    let server = Server::start(
        "{\n\tauto_https disable_redirects\n}\nhttps://*.example.localhost:0 {\n\tbind 127.0.0.1\n\ttls internal {\n\t\ton_demand\n\t}\n\trespond hi\n}\n",
    )
    .await;
    let address = server.address(LISTEN);
    let kept = server.folder.join("data/certificates/local/new.example.localhost");
    assert!(!kept.exists());
    let client = Client::connect(address, "new.example.localhost").await;
    assert_eq!(client.get("https://new.example.localhost/").await.text(), "hi");
    assert!(kept.exists());
    // No certificate may be made for that one, and the client is told so at once.
    let refused = Client::try_connect(address, "other.test").await.unwrap_err();
    assert!(matches!(refused, ConnectionError::ConnectionClosed(_)), "{refused}");
}

#[tokio::test]
async fn new_certificates_are_for_new_connections() {
    let server = Server::idle();
    let write = || {
        let made = rcgen::generate_simple_self_signed(["a.localhost".to_owned()]).unwrap();
        std::fs::write(server.folder.join("c.pem"), made.cert.pem()).unwrap();
        std::fs::write(server.folder.join("k.pem"), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    };
    let folder = server.folder.display().to_string();
    let text = |answer: &str| site(&format!("tls {folder}/c.pem {folder}/k.pem\nrespond {answer}"));
    let first = write();
    server.load(&text("one")).await.unwrap();
    let old = Client::connect(server.address(LISTEN), "a.localhost").await;
    assert_eq!(old.get(URL).await.text(), "one");
    let second = write();
    server.load(&text("two")).await.unwrap();
    let new = Client::connect(server.address(LISTEN), "a.localhost").await;
    assert_eq!((old.certificate(), new.certificate()), (first, second));
    assert_eq!((old.get(URL).await.text(), new.get(URL).await.text()), ("two".into(), "two".into()));
}

#[tokio::test]
async fn requests_are_logged_and_counted() {
    let server = Server::idle();
    let log = server.folder.join("access.log");
    let text = site(&format!("log {{\noutput file {}\n}}\nrespond hi 418", log.display())).replacen(
        "{\n",
        "{\n\tmetrics\n",
        1,
    );
    server.load(&text).await.unwrap();
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    let request = Request::post(URL).header("content-length", "0").body(()).unwrap();
    assert_eq!(client.send(request).await.unwrap().status, 418);
    let line = loop {
        let written = std::fs::read_to_string(&log).unwrap_or_default();
        if let Some(line) = written.strip_suffix('\n') {
            break serde_json::from_str::<Value>(line).unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (&line["status"], &line["size"], &line["request"]["proto"]),
        (&418.into(), &2.into(), &"HTTP/3.0".into())
    );
    assert_eq!(
        (&line["request"]["host"], &line["request"]["remote_ip"]),
        (&"a.localhost".into(), &"127.0.0.1".into())
    );
    assert_eq!(
        (&line["request"]["tls"]["proto"], &line["request"]["tls"]["server_name"]),
        (&"h3".into(), &"a.localhost".into())
    );
    let admin = server.control.admin_address().unwrap();
    let metrics = client::get(admin, &admin.to_string(), "/metrics").await.text();
    let counted = metrics.lines().find(|line| {
        line.starts_with("caddy_http_request_duration_seconds_count{") && line.contains("code=\"418\"")
    });
    assert!(
        counted.is_some_and(|line| line.contains("method=\"POST\"") && line.ends_with(" 1")),
        "{metrics}"
    );
}
