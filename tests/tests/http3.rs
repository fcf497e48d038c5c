//! HTTP/3: the same server as over TCP, on UDP.

mod early;
mod handshakes;

use std::net::UdpSocket;

use bytes::Bytes;
use caddis_h3::{Code, message::Protocol};
use caddis_tests::{
    Origin, Server, client,
    http3::{Client, Failure, Stream},
};
use http::{HeaderMap, Method, Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A site at a port that the kernel chooses.
fn site(directives: &str) -> String {
    format!(
        "{{\n\tauto_https disable_redirects\n}}\nhttps://a.localhost:0, https://b.localhost:0 {{\n\tbind 127.0.0.1\n{directives}\n}}\n"
    )
}

const LISTEN: &str = "127.0.0.1:0";
const URL: &str = "https://a.localhost/";

async fn serve(directives: &str) -> (Server, Client) {
    let server = Server::start(&site(directives)).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    (server, client)
}

/// An upstream whose connections the test answers by hand.
struct Upstream(TcpListener);

impl Upstream {
    async fn new() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let directive =
            format!("reverse_proxy {} {{\n\tflush_interval -1\n}}", listener.local_addr().unwrap());
        (Self(listener), directive)
    }

    /// The head of the next request, and its connection.
    async fn accept(&self) -> (String, TcpStream) {
        let mut wire = self.0.accept().await.unwrap().0;
        let head = until(&mut wire, "\r\n\r\n").await;
        (head, wire)
    }
}

async fn until(wire: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        text.push(wire.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

fn post() -> http::request::Builder {
    Request::post(URL)
}

#[tokio::test]
async fn requests_are_answered() {
    let (_server, client) = serve(
        "respond /tls \"{tls_cipher} {http.request.tls.proto} {http.request.tls.server_name}\"\nrespond \"{http.request.proto} {method} {host} {uri}\"",
    )
    .await;
    let answer = client.get("https://a.localhost/x?y").await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "HTTP/3.0 GET a.localhost /x?y"));
    assert_eq!(answer.header("alt-svc"), "");
    assert!(answer.header("date").ends_with("GMT"));
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let tls = client.get("https://a.localhost/tls").await.text();
    assert!(
        ["TLS_AES_128", "TLS_CHACHA20"].iter().any(|first| tls.starts_with(first))
            && tls.ends_with(" h3 a.localhost"),
        "{tls}"
    );
    let head = client.send(Request::head(URL).body(()).unwrap()).await.unwrap();
    assert_eq!((head.header("content-length"), head.body.len()), ("27", 0));
}

#[tokio::test]
async fn bodies_stream_both_ways_at_once() {
    let (upstream, directive) = Upstream::new().await;
    let (_server, client) = serve(&directive).await;
    let mut stream = client.open(post().body(()).unwrap()).await;
    stream.write(b"one").await;
    let (head, mut wire) = upstream.accept().await;
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert_eq!(until(&mut wire, "one\r\n").await, "3\r\none\r\n");
    wire.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nuno\r\n")
        .await
        .unwrap();
    assert_eq!(stream.head().await.unwrap().0, 200);
    assert_eq!(stream.data().await.unwrap().unwrap(), "uno");
    stream.write(b"two").await;
    stream.trailers(&HeaderMap::from_iter([("x-count".parse().unwrap(), "2".parse().unwrap())])).await;
    stream.end();
    let rest = until(&mut wire, "\r\n\r\n").await;
    assert!(rest.starts_with("3\r\ntwo\r\n0\r\n"), "{rest}");
    wire.write_all(b"3\r\ndos\r\n0\r\nX-Sum: 6\r\n\r\n").await.unwrap();
    assert_eq!(stream.data().await.unwrap().unwrap(), "dos");
    let trailers = stream.next().await.unwrap();
    assert!(
        matches!(&trailers, Some(caddis_h3::stream::Event::Trailers(t)) if t["x-sum"] == "6"),
        "{trailers:?}"
    );
    assert!(stream.next().await.unwrap().is_none());
}

/// Clients may say in a packet of its own that there is nothing behind the head, and send a frame before that which means nothing
/// (RFC 9114, section 7.2.8).
#[tokio::test]
async fn a_get_whose_end_comes_later_has_no_body() {
    let (upstream, directive) = Upstream::new().await;
    let (_server, client) = serve(&directive).await;
    let sent = || client.quic.stats().udp_tx.datagrams;
    let before = sent();
    let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
    while sent() == before {
        tokio::task::yield_now().await;
    }
    stream.send.write_all(b"\x21\x06grease").await.unwrap();
    stream.end();
    let (head, mut wire) = upstream.accept().await;
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
    assert_eq!(stream.answer().await.unwrap().0.text(), "hi");
}

#[tokio::test]
async fn large_bodies_arrive_whole() {
    let (server, client) = serve("root /srv\nfile_server").await;
    let content: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 251) as u8).collect();
    std::fs::write(server.folder.join("large"), &content).unwrap();
    server.load(&site(&format!("root {}\nfile_server", server.folder.display()))).await.unwrap();
    let answers =
        futures_util::future::join_all((0..4).map(|_| client.get("https://a.localhost/large"))).await;
    assert!(answers.iter().all(|answer| answer.body == content));
}

#[tokio::test]
async fn interim_responses_come_first() {
    let (_server, client) = serve("header Link </a.css>\nroute {\nrespond 103\nrespond hello\n}").await;
    let answer = client.get(URL).await;
    assert_eq!((answer.text().as_str(), answer.interim.len()), ("hello", 1));
    assert_eq!(
        (answer.interim[0].0.as_u16(), &answer.interim[0].1["link"]),
        (103, &"</a.css>".parse().unwrap())
    );
}

#[tokio::test]
async fn an_early_answer_stops_the_body_without_an_error() {
    let (_server, client) = serve("respond early").await;
    let mut stream = client.open(post().body(()).unwrap()).await;
    stream.write(b"part").await;
    assert_eq!(stream.stopped().await, Some(Code::H3_NO_ERROR));
    assert_eq!(stream.answer().await.unwrap().0.text(), "early");
}

#[tokio::test]
async fn nothing_more_is_done_for_a_client_that_leaves() {
    let (upstream, directive) = Upstream::new().await;
    let (_server, client) = serve(&directive).await;
    let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
    stream.end();
    let (_, mut wire) = upstream.accept().await;
    stream.receive.stop(0x10cu32.into()).unwrap();
    assert_eq!(wire.read(&mut [0; 8]).await.unwrap_or(0), 0, "the upstream is let go");
    let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
    stream.end();
    let (_, mut wire) = upstream.accept().await;
    client.quic.close(0u32.into(), b"");
    assert_eq!(wire.read(&mut [0; 8]).await.unwrap_or(0), 0, "the upstream is let go");
}

#[tokio::test]
async fn a_request_that_is_reset_is_given_up() {
    let (upstream, directive) = Upstream::new().await;
    let (_server, client) = serve(&directive).await;
    let mut stream = client.open(post().body(()).unwrap()).await;
    stream.write(b"part").await;
    let (_, mut wire) = upstream.accept().await;
    until(&mut wire, "part\r\n").await;
    stream.cancel();
    let mut rest = Vec::new();
    // Whether the upstream's connection is closed or reset does not matter.
    let _ = wire.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "the body has no end");
    assert_eq!(
        client.send(Request::options("https://other.localhost/").body(()).unwrap()).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn a_response_that_breaks_off_is_reset() {
    let (upstream, directive) = Upstream::new().await;
    let (_server, client) = serve(&directive).await;
    let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
    stream.end();
    let (_, mut wire) = upstream.accept().await;
    wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart").await.unwrap();
    assert_eq!(stream.head().await.unwrap().1["content-length"], "10");
    drop(wire);
    let end = async {
        while stream.data().await?.is_some() {}
        Ok::<(), Failure>(())
    };
    assert_eq!(end.await, Err(Failure::Reset(Code::H3_INTERNAL_ERROR)));
}

#[tokio::test]
async fn malformed_requests_have_their_codes() {
    let origin = Origin::start("o").await;
    let (_server, client) = serve(&format!("reverse_proxy {}", origin.address)).await;
    // HEADERS with `:method: GET` and nothing else.
    let mut stream = client.raw(b"\x01\x03\x00\x00\xd1").await;
    assert_eq!(stream.head().await, Err(Failure::Reset(Code::H3_MESSAGE_ERROR)));
    let mut stream = client.raw(b"").await;
    stream.end();
    assert_eq!(stream.head().await, Err(Failure::Reset(Code::H3_REQUEST_INCOMPLETE)));
    for (sent, end) in [("body!", false), ("bod", true)] {
        let mut stream = client.open(post().header("content-length", "4").body(()).unwrap()).await;
        stream.write(sent.as_bytes()).await;
        if end {
            stream.end();
        }
        assert_eq!(stream.head().await, Err(Failure::Reset(Code::H3_MESSAGE_ERROR)), "{sent}");
    }
    let large = Request::get(URL).header("x-large", "x".repeat(20_000)).body(()).unwrap();
    assert_eq!(client.send(large).await.unwrap().status, 431);
    assert_eq!(client.get(URL).await.status, 200, "the connection goes on");
    // DATA before HEADERS.
    let mut stream = client.raw(b"\x00\x01x").await;
    assert_eq!(stream.head().await, Err(Failure::Closed(Some(Code::H3_FRAME_UNEXPECTED))));
}

#[tokio::test]
async fn the_control_stream_is_needed() {
    let (_server, mut client) = serve("respond hi").await;
    client.control().finish().unwrap();
    assert_eq!(client.closed().await, Some(Code::H3_CLOSED_CRITICAL_STREAM));
}

#[tokio::test]
async fn certificates_are_chosen_by_name() {
    let (server, client) = serve("respond hi").await;
    let other = Client::connect(server.address(LISTEN), "b.localhost").await;
    for (client, name) in [(client, "a.localhost"), (other, "b.localhost")] {
        assert!(client.certificate().windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    assert!(Client::try_connect(server.address(LISTEN), "c.localhost").await.is_err());
}

/// What rustls can choose only before it knows the client, policies choose as over TCP.
#[tokio::test]
async fn policies_are_chosen_by_name() {
    let site = |name: &str, tls: &str| {
        format!(
            "https://{name}.localhost:0 {{\n\tbind 127.0.0.1\n\ttls internal {{\n{tls}\n}}\n\trespond {name}\n}}\n"
        )
    };
    let (open, closed) = (site("a", "curves x25519"), site("b", "client_auth {\nmode require\n}"));
    let server = Server::start(&format!("{{\n\tauto_https disable_redirects\n}}\n{open}{closed}")).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    assert_eq!(client.get(URL).await.text(), "a");
    let refused = match Client::try_connect(server.address(LISTEN), "b.localhost").await {
        Ok(client) => client.quic.closed().await,
        Err(error) => error,
    };
    // certificate_required (RFC 8446, section 6.2).
    assert!(refused.to_string().contains("certificate"), "{refused}");
}

#[tokio::test]
async fn other_versions_tell_of_it() {
    let (server, client) = serve("respond hi").await;
    let address = server.address(LISTEN);
    let request = || client::request("GET", "a.localhost", "/").body(Bytes::new()).unwrap();
    let answer = client::send_tls(address, request()).await;
    assert_eq!(answer.header("alt-svc"), format!("h3=\":{}\"; ma=2592000", address.port()));
    assert!(UdpSocket::bind(address).is_err(), "the port is ours");
    let without = site("respond hi").replacen("{\n", "{\n\tservers {\n\t\tprotocols h1 h2\n\t}\n", 1);
    server.load(&without).await.unwrap();
    assert_eq!(server.address(LISTEN), address);
    assert_eq!(client::send_tls(address, request()).await.header("alt-svc"), "");
    assert_eq!(client.closed().await, Some(Code::H3_NO_ERROR));
    // The endpoint is closed by its shard, a little later.
    while UdpSocket::bind(address).is_err() {
        tokio::task::yield_now().await;
    }
    server.load(&site("respond again")).await.unwrap();
    let client = Client::connect(address, "a.localhost").await;
    assert_eq!(client.get(URL).await.text(), "again");
}

#[tokio::test]
async fn http3_alone() {
    let only = site("respond hi").replacen("{\n", "{\n\tservers {\n\t\tprotocols h3\n\t}\n", 1);
    let server = Server::start(&only).await;
    let address = server.address(LISTEN);
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(Client::connect(address, "a.localhost").await.get(URL).await.text(), "hi");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let server = Server::idle();
    let taken = UdpSocket::bind(LISTEN).unwrap();
    let port = taken.local_addr().unwrap().port();
    // On TCP the same port may be somebody else's.
    let only = "{\n\tservers {\n\t\tprotocols h3\n\t}\n";
    let text = site("respond hi").replacen("{\n", only, 1);
    let error = server.load(&text.replace("localhost:0", &format!("localhost:{port}"))).await.unwrap_err();
    let expected = format!("listening on udp/127.0.0.1:{port}: address already in use");
    assert!(error.to_string().contains(&expected), "{error}");
}

#[tokio::test]
async fn a_reload_keeps_connections() {
    let (server, client) = serve("respond one").await;
    assert_eq!(client.get(URL).await.text(), "one");
    server.load(&site("respond two")).await.unwrap();
    assert_eq!(client.get(URL).await.text(), "two");
}

/// Whether the site is gone or other terms are asked for: the response that runs is sent to its end.
#[tokio::test]
async fn connections_end_gracefully() {
    for (what, next) in [
        ("gone", "{\n\tadmin off\n}\n".to_owned()),
        ("changed", site("tls internal {\ncurves x25519\n}\nrespond new")),
    ] {
        let (upstream, directive) = Upstream::new().await;
        let (server, mut client) = serve(&directive).await;
        let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
        stream.end();
        let (_, mut wire) = upstream.accept().await;
        wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").await.unwrap();
        assert_eq!(stream.head().await.unwrap().0, 200, "{what}");
        server.load(&next).await.unwrap();
        let said = client.goaway(2).await;
        assert!(said[0] > 1 << 60 && said[1] == 4, "{what}: {said:?}");
        let mut late = client.open(Request::get(URL).body(()).unwrap()).await;
        assert_eq!(late.head().await, Err(Failure::Reset(Code::H3_REQUEST_REJECTED)), "{what}");
        wire.write_all(b" last").await.unwrap();
        let mut body = Vec::new();
        while let Some(data) = stream.data().await.unwrap() {
            body.extend_from_slice(&data);
        }
        assert_eq!(body, b"first last", "{what}");
        assert_eq!(client.closed().await, Some(Code::H3_NO_ERROR), "{what}");
    }
}

#[tokio::test]
async fn connections_are_cut_after_the_grace_period() {
    let (upstream, directive) = Upstream::new().await;
    let grace = |directives: &str| site(directives).replacen("{\n", "{\n\tgrace_period 1ms\n", 1);
    let server = Server::start(&grace(&directive)).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
    stream.end();
    let _wire = upstream.accept().await;
    server.load("{\n\tadmin off\n}\n").await.unwrap();
    assert_eq!(stream.head().await, Err(Failure::Closed(Some(Code::H3_NO_ERROR))));
}

/// While the connections of a listener that was taken away come to their end, the same address is listened on again.
#[tokio::test]
async fn a_listener_that_comes_back_gets_what_is_its_own() {
    let (upstream, directive) = Upstream::new().await;
    let (server, _) = serve("respond hi").await;
    let port = server.address(LISTEN).port();
    let here = |directives: &str| site(directives).replace("localhost:0", &format!("localhost:{port}"));
    server.load("{\n\tadmin off\n}\n").await.unwrap();
    // The port of the kernel's choice becomes one of ours.
    while server.load(&here(&directive)).await.is_err() {
        tokio::task::yield_now().await;
    }
    let address = ([127, 0, 0, 1], port).into();
    let client = Client::connect(address, "a.localhost").await;
    let mut stream = client.open(Request::get(URL).body(()).unwrap()).await;
    stream.end();
    let (_, mut wire) = upstream.accept().await;
    wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await.unwrap();
    assert_eq!(stream.head().await.unwrap().0, 200);
    server.load("{\n\tadmin off\n}\n").await.unwrap();
    server.load(&here("respond new")).await.unwrap();
    for _ in 0..16 {
        assert_eq!(Client::connect(address, "a.localhost").await.get(URL).await.text(), "new");
    }
    wire.write_all(b"whole").await.unwrap();
    assert_eq!(stream.data().await.unwrap().unwrap(), "whole");
}

#[tokio::test]
async fn clients_move_between_shards() {
    let server = Server::start_on(4, &site("respond {http.request.remote.port}")).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    // Nobody may move before the server has seen the end of the handshake (RFC 9000, section 9).
    client.get(URL).await;
    for _ in 0..12 {
        client.migrate();
        let port = client.endpoint.local_addr().unwrap().port();
        assert_eq!(client.get(URL).await.text(), port.to_string());
    }
}

/// A stream on which the server has agreed to WebSocket (RFC 9220).
async fn websocket(client: &Client) -> Stream {
    let request = Request::builder().method(Method::CONNECT).uri(URL).header("sec-websocket-version", "13");
    let request = request.extension(Protocol::from_static("websocket")).body(()).unwrap();
    let mut stream = client.open(request).await;
    assert_eq!(stream.head().await.unwrap().0, 200);
    stream
}

#[tokio::test]
async fn websockets_go_through_streams() {
    let origin = Origin::start("o").await;
    let (_server, client) = serve(&format!("reverse_proxy {}", origin.address)).await;
    let mut stream = websocket(&client).await;
    for text in ["hello", "again"] {
        stream.write(text.as_bytes()).await;
        let mut echoed = Vec::new();
        while echoed.len() < text.len() {
            echoed.extend_from_slice(&stream.data().await.unwrap().unwrap());
        }
        assert_eq!(echoed, text.as_bytes());
    }
    stream.end();
    assert!(stream.data().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stop_closes_websockets() {
    let origin = Origin::start("o").await;
    let (server, client) = serve(&format!("reverse_proxy {}", origin.address)).await;
    let mut stream = websocket(&client).await;
    let last = async { stream.data().await.unwrap().unwrap() };
    let ((), last) = tokio::join!(server.control.runtime().stop(), last);
    assert_eq!(&last[..], [0x88, 2, 0x03, 0xe9], "1001, going away");
}
