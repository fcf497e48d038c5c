//! Requests that come before the handshake is over (early data, 0-RTT).

use caddis_h3::message::Protocol;
use caddis_tests::{
    Server,
    http3::{Client, memory},
    relay::Relay,
};
use http::{Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{LISTEN, URL, Upstream, site};

/// Starts a server, lets a client meet it, and gives back what the client remembers.
async fn met(caddyfile: &str) -> (Server, quinn::ClientConfig) {
    let (server, memory) = (Server::start(caddyfile).await, memory());
    let client = Client::connect_as(&memory, server.address(LISTEN), "a.localhost").await.unwrap();
    assert_eq!(client.get("https://a.localhost/met").await.text(), "met");
    (server, memory)
}

fn request(method: Method, path: &str) -> Request<()> {
    let uri = format!("https://a.localhost{path}");
    Request::builder().method(method).uri(uri).body(()).unwrap()
}

#[tokio::test]
async fn safe_requests_are_answered_before_the_handshake_is_over() {
    let (upstream, proxy) = Upstream::new().await;
    let routes = "@early tls early_data
        @here remote_ip 127.0.0.1
        respond /met met
        respond /told \"[{http.request.remote.host}] {http.request.tls.resumed}\"
        route /early {
            respond @early early
            respond late
        }
        respond @here here";
    let caddyfile = site(&format!("route /proxied {{\n{proxy}\n}}\n{routes}"));
    let (server, memory) = met(&caddyfile).await;
    let relay = Relay::start(server.address(LISTEN)).await;
    let (client, accepted) =
        Client::early(&memory, relay.address, "a.localhost").await.expect("it was met before");
    let mut waiting = Vec::new();
    for (method, path) in [
        (Method::GET, "/told"),
        (Method::GET, "/early"),
        (Method::POST, "/early"),
        (Method::CONNECT, "/early"),
        (Method::GET, "/here"),
        (Method::GET, "/proxied"),
    ] {
        let mut request = request(method, path);
        if request.method() == Method::CONNECT {
            request.extensions_mut().insert(Protocol::from_static("websocket"));
        }
        let mut stream = client.open(request).await;
        stream.end();
        waiting.push(stream);
    }
    // The client has not heard anything yet, and so the handshake cannot be over.
    let (head, mut wire) = upstream.accept().await;
    assert!(head.contains("\r\nEarly-Data: 1\r\n"), "{head}");
    relay.open();
    wire.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    let mut answers = Vec::new();
    for stream in waiting {
        let (answer, _) = stream.answer().await.unwrap();
        answers.push((answer.status.as_u16(), answer.text()));
    }
    let expected = [(200, "[] true"), (200, "early"), (425, ""), (425, ""), (425, ""), (204, "")];
    assert_eq!(answers, expected.map(|(status, text)| (status, text.to_owned())));
    assert!(accepted.await);
    // Now all is as ever.
    assert_eq!(client.get("https://a.localhost/told").await.text(), "[127.0.0.1] true");
    assert_eq!(client.send(request(Method::POST, "/early")).await.unwrap().text(), "late");
    assert_eq!(client.get("https://a.localhost/here").await.text(), "here");
}

/// What is remembered was promised under other terms: such requests come to nothing, and the client asks again.
#[tokio::test]
async fn early_data_is_not_taken_where_the_settings_were_others() {
    let (server, memory) = met(&site("respond met")).await;
    let other = site("respond met").replacen("{\n", "{\n\tservers {\n\t\tmax_header_size 2KB\n\t}\n", 1);
    server.load(&other).await.unwrap();
    let address = server.address(LISTEN);
    let (client, accepted) = Client::early(&memory, address, "a.localhost").await.expect("it was met before");
    assert!(!accepted.await);
    assert_eq!(client.quic.close_reason(), None);
}

#[tokio::test]
async fn early_data_can_be_turned_off() {
    let off = site("respond met").replacen("{\n", "{\n\tservers {\n\t\t0rtt off\n\t}\n", 1);
    let (server, memory) = met(&off).await;
    assert!(Client::early(&memory, server.address(LISTEN), "a.localhost").await.is_none());
    let client = Client::connect_as(&memory, server.address(LISTEN), "a.localhost").await.unwrap();
    assert_eq!(client.get(URL).await.text(), "met");
}

/// The handshake may take as long as any, although requests are answered meanwhile.
#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let (upstream, proxy) = Upstream::new().await;
    let timeouts = "{\n\tservers {\n\t\ttimeouts {\n\t\t\tread_header 200ms\n\t\t}\n\t}\n";
    let caddyfile = site(&format!("respond /met met\n{proxy}")).replacen("{\n", timeouts, 1);
    let (server, memory) = met(&caddyfile).await;
    let relay = Relay::start(server.address(LISTEN)).await;
    let (client, _accepted) =
        Client::early(&memory, relay.address, "a.localhost").await.expect("it was met before");
    let mut stream = client.open(request(Method::GET, "/")).await;
    stream.end();
    let (_, mut wire) = upstream.accept().await;
    assert_eq!(wire.read(&mut [0; 8]).await.unwrap_or(0), 0, "the upstream is let go");
}
