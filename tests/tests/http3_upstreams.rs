//! HTTP/3 to upstreams: `versions 3`.

use bytes::Bytes;
use caddis_tests::{Origin, Server, client, websocket};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

const LISTEN: &str = "127.0.0.1:0";

/// An upstream that speaks HTTP/3.
async fn upstream(directives: &str) -> Server {
    Server::start(&upstream_site(directives)).await
}

fn upstream_site(directives: &str) -> String {
    format!(
        "{{\n\tauto_https disable_redirects\n}}\nhttps://b.localhost:0, https://c.localhost:0 {{\n\tbind 127.0.0.1\n{directives}\n}}\n"
    )
}

/// A proxy in front of upstreams at these ports.
fn site(ports: &[u16], options: &str, transport: &str) -> String {
    let addresses: Vec<_> = ports.iter().map(|port| format!("https://127.0.0.1:{port}")).collect();
    format!(
        "http://127.0.0.1:0 {{\n\treverse_proxy {} {{\n\t\theader_up Host b.localhost\n\t\t{options}\n\t\ttransport http {{\n\t\t\tversions 3\n\t\t\ttls_insecure_skip_verify\n\t\t\t{transport}\n\t\t}}\n\t}}\n}}\n",
        addresses.join(" ")
    )
}

const NAMED: &str = "tls_server_name b.localhost";

async fn proxy(upstream: &Server) -> Server {
    Server::start_on(1, &site(&[port(upstream)], "", NAMED)).await
}

fn port(server: &Server) -> u16 {
    server.address(LISTEN).port()
}

#[tokio::test]
async fn requests_share_a_connection() {
    let upstream =
        upstream("respond \"{http.request.proto} {method} {uri} {http.request.remote.port} {http.request.tls.server_name}\"")
            .await;
    let proxy = proxy(&upstream).await;
    let address = proxy.address(":0");
    let first = client::get(address, "127.0.0.1", "/x?y").await;
    let start = "HTTP/3.0 GET /x?y ";
    let text = first.text();
    assert!(first.status == 200 && text.starts_with(start) && text.ends_with(" b.localhost"), "{first:?}");
    assert_eq!(first.header("via"), "3.0 Caddis");
    let all = (0..20).map(|_| client::get(address, "127.0.0.1", "/x?y"));
    for other in futures_util::future::join_all(all).await {
        assert_eq!(other.text(), text, "the same port: the same connection");
    }
    let head =
        client::send(address, client::request("HEAD", "127.0.0.1", "/x?y").body(Bytes::new()).unwrap()).await;
    assert_eq!(
        (head.header("content-length"), head.body.len()),
        (&*(text.len() + 1).to_string(), 0),
        "HEAD for GET"
    );
}

#[tokio::test]
async fn those_who_come_together_share_a_handshake() {
    let upstream = upstream("respond {http.request.remote.port}").await;
    let proxy = proxy(&upstream).await;
    let all = (0..20).map(|_| client::get(proxy.address(":0"), "127.0.0.1", "/"));
    let ports: Vec<_> = futures_util::future::join_all(all).await.iter().map(client::Answer::text).collect();
    assert!(ports.iter().all(|port| !port.is_empty() && *port == ports[0]), "{ports:?}");
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let proxy = Server::start_on(1, &site(&[free], "", NAMED)).await;
    let all = (0..20).map(|_| client::get(proxy.address(":0"), "127.0.0.1", "/"));
    assert!(futures_util::future::join_all(all).await.iter().all(|answer| answer.status == 502));
}

#[tokio::test]
async fn bodies_and_trailers_pass_both_ways() {
    let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = upstream(&format!("reverse_proxy {}", origin.local_addr().unwrap())).await;
    let proxy = proxy(&upstream).await;
    let content = vec![b'x'; 3 << 20];
    let request = client::request("POST", "127.0.0.1", "/up").body(Bytes::from(content.clone())).unwrap();
    let (answer, ()) = tokio::join!(client::send(proxy.address(":0"), request), async {
        let mut wire = origin.accept().await.unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(wire.read_u8().await.unwrap());
        }
        assert!(String::from_utf8(head).unwrap().contains("Content-Length: 3145728\r\n"));
        let mut body = vec![0; content.len()];
        wire.read_exact(&mut body).await.unwrap();
        assert!(body == content);
        wire.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").await.unwrap();
        wire.write_all(b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        wire.write_all(b"5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n").await.unwrap();
    });
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "hello"));
    assert_eq!(answer.header("trailer"), "X-Sum");
}

#[tokio::test]
async fn web_sockets_are_streams() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = listener.local_addr().unwrap();
    tokio::spawn(websocket::serve(listener, str::to_uppercase));
    let upstream = upstream(&format!("reverse_proxy {origin}")).await;
    let proxy = proxy(&upstream).await;
    let mut socket = websocket::connect(proxy.address(":0"), "127.0.0.1", "/chat").await.unwrap();
    assert_eq!(socket.exchange("hello").await.unwrap(), "HELLO");
    let admin = proxy.control.admin_address().unwrap();
    let list = client::get(admin, &admin.to_string(), "/reverse_proxy/streams").await.json();
    assert_eq!((&list[0]["bytes_to_upstream"], &list[0]["bytes_from_upstream"]), (&11.into(), &7.into()));
    proxy.load(&site(&[port(&upstream)], "header_up X-Other yes", NAMED)).await.unwrap();
    assert_eq!(socket.closed().await, Some(1001), "a reload says goodbye");
}

#[tokio::test]
async fn other_upgrades_are_refused() {
    let upstream = upstream("respond no").await;
    let proxy = proxy(&upstream).await;
    let request =
        client::request("GET", "127.0.0.1", "/").header("Connection", "Upgrade").header("Upgrade", "other");
    let answer = client::send(proxy.address(":0"), request.body(Bytes::new()).unwrap()).await;
    assert_eq!(answer.status, 501);
}

#[tokio::test]
async fn the_server_name_may_depend_on_the_request() {
    let upstream = upstream("respond \"{http.request.tls.server_name} {http.request.host}\"").await;
    let name = "tls_server_name {http.request.header.X-SNI}";
    let proxy =
        Server::start_on(1, &site(&[port(&upstream)], "header_up Host {http.request.header.X-SNI}", name))
            .await;
    for name in ["b.localhost", "c.localhost", "b.localhost"] {
        let request = client::request("GET", "127.0.0.1", "/").header("X-SNI", name);
        let answer = client::send(proxy.address(":0"), request.body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.text(), format!("{name} {name}"));
    }
}

#[tokio::test]
async fn an_upstream_where_nobody_listens_is_passed_over() {
    let upstream = upstream("respond here").await;
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let options = "lb_policy first\n\t\tlb_retries 1\n\t\tlb_try_interval 1ms\n\t\tfail_duration 1h";
    let proxy = Server::start(&site(&[free, port(&upstream)], options, NAMED)).await;
    let answer = client::get(proxy.address(":0"), "127.0.0.1", "/").await;
    assert_eq!(answer.text(), "here");
    let alone = Server::start(&site(&[free], "", &format!("{NAMED}\n\t\t\tdial_timeout 1h"))).await;
    let refused = client::get(alone.address(":0"), "127.0.0.1", "/").await;
    assert_eq!(refused.status, 502, "without waiting for the dial timeout");
}

#[tokio::test]
async fn an_upstream_that_speaks_no_http3_is_an_error() {
    let origin = Origin::start("o").await;
    let proxy = Server::start(&site(&[origin.address.port()], "", NAMED)).await;
    assert_eq!(client::get(proxy.address(":0"), "127.0.0.1", "/").await.status, 502);
}

#[tokio::test]
async fn an_upstream_may_reload_and_stop() {
    let upstream = upstream("respond one").await;
    let proxy = proxy(&upstream).await;
    let get = async || client::get(proxy.address(":0"), "127.0.0.1", "/").await;
    assert_eq!(get().await.text(), "one");
    upstream.load(&upstream_site("respond two")).await.unwrap();
    assert_eq!(get().await.text(), "two");
    // Other terms: the connection is asked to end, and the next request takes another.
    upstream
        .load(&upstream_site("tls internal {\n\t\tprotocols tls1.3\n\t}\n\trespond three"))
        .await
        .unwrap();
    for _ in 0..20 {
        assert_eq!(get().await.text(), "three");
    }
    drop(upstream);
    assert_eq!(get().await.status, 502);
}

#[tokio::test]
async fn certificates_are_verified() {
    let upstream = upstream("respond no").await;
    let site = site(&[port(&upstream)], "", NAMED).replace("\t\t\ttls_insecure_skip_verify\n", "");
    let proxy = Server::start(&site).await;
    assert_eq!(client::get(proxy.address(":0"), "127.0.0.1", "/").await.status, 502);
}

#[tokio::test]
async fn what_does_not_go_with_http3_is_refused() {
    let server = Server::idle();
    for (options, name) in [
        ("proxy_protocol v1", "proxy_protocol"),
        ("network_proxy url http://127.0.0.1:1", "network_proxy"),
        ("max_conns_per_host 1", "max_conns_per_host"),
        ("read_timeout 1s", "read_timeout"),
        ("write_buffer 1k", "write_buffer_size"),
        ("tls_except_ports 1", "except_ports"),
        ("versions 3 2", "versions"),
    ] {
        let error = server.load(&site(&[1], "", options)).await.unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let plain = "http://127.0.0.1:0 {\n\treverse_proxy 127.0.0.1:1 {\n\t\ttransport http {\n\t\t\tversions 3\n\t\t}\n\t}\n}\n";
    let error = server.load(plain).await.unwrap_err();
    assert!(error.to_string().contains("no TLS"), "{error}");
}
