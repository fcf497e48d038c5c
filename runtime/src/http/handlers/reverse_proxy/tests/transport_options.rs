//! Options of the transport `http`, each seen from both sides of the proxy.

use std::io::Write;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UdpSocket,
};

use super::scene::{Proxy, Upstream, Wire, nowhere, on_a_shard};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A proxy whose transport has these options.
fn with(upstream: &Upstream, mut transport: Value) -> Value {
    transport["protocol"] = json!("http");
    let mut config = upstream.proxy();
    config["transport"] = transport;
    config
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// What is sent in chunks, joined.
async fn chunked(wire: &mut Wire) -> String {
    let mut content = String::new();
    loop {
        let mut size = String::new();
        while !size.ends_with("\r\n") {
            size += &wire.read(1).await;
        }
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        content += &wire.read(size).await;
        assert_eq!(wire.read(2).await, "\r\n");
        if size == 0 {
            return content;
        }
    }
}

#[test]
fn compression_is_between_proxy_and_upstream_only() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(with(&upstream, json!({"compression": true}))).await;
        let mut client = proxy.get().await;
        let mut wire = upstream.accept().await;
        assert_eq!(wire.head().await.get("accept-encoding").unwrap(), "gzip");
        let content = "compress me ".repeat(1000);
        let body = gzipped(content.as_bytes());
        wire.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ))
        .await;
        let (start, end) = body.split_at(body.len() / 2);
        wire.send(start).await;
        let head = client.head().await;
        assert_eq!((head.get("content-encoding"), head.get("content-length")), (None, None));
        wire.send(end).await;
        assert_eq!(chunked(&mut client).await, content);
        client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n").await;
        assert_eq!(wire.head().await.get("accept-encoding").unwrap(), "br", "on the same connection");
        wire.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nany").await;
        assert_eq!(client.head().await.get("content-encoding").unwrap(), "gzip");
        assert_eq!(client.read(3).await, "any");
    });
}

#[test]
fn a_compressed_response_that_is_cut_is_an_error() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) =
            upstream.asked(with(&upstream, json!({"compression": true}))).await;
        wire.head().await;
        let body = gzipped(b"whole");
        let cut = body.len() - 6;
        wire.send(format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {cut}\r\n\r\n"))
            .await;
        wire.send(&body[..cut]).await;
        let response = client.rest().await;
        assert!(!response.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&response));
    });
}

#[test]
fn without_the_option_nothing_is_asked_for() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, _client, mut wire) = upstream.asked(upstream.proxy()).await;
        assert_eq!(wire.head().await.get("accept-encoding"), None);
    });
}

const EXPECTING: &str = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

#[test]
fn a_body_waits_until_the_upstream_wants_it() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(with(&upstream, json!({"expect_continue_timeout": "1h"}))).await;
        let mut client = proxy.send(EXPECTING).await;
        client.send("body").await;
        let mut wire = upstream.accept().await;
        assert_eq!(wire.head().await.get("expect").unwrap(), "100-continue");
        let early = tokio::time::timeout(std::time::Duration::from_millis(20), wire.0.read_u8()).await;
        assert!(early.is_err(), "{early:?}");
        wire.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(wire.read(4).await, "body");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 100 Continue");
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn a_body_does_not_wait_for_longer_than_its_time() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(with(&upstream, json!({"expect_continue_timeout": "1ms"}))).await;
        let mut client = proxy.send(EXPECTING).await;
        client.send("body").await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        assert_eq!(wire.read(4).await, "body");
    });
}

#[test]
fn a_body_that_is_not_wanted_is_never_sent() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(with(&upstream, json!({"expect_continue_timeout": "1h"}))).await;
        let mut client = proxy.send(EXPECTING).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 417 Expectation Failed");
        assert_eq!(client.read(2).await, "no");
        assert_eq!(wire.rest().await, b"", "the connection is closed without the body");
    });
}

#[test]
fn connections_to_an_upstream_are_limited() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(with(&upstream, json!({"max_conns_per_host": 2}))).await;
        let (mut first, mut second) = (proxy.get().await, proxy.get().await);
        let (mut one, mut two) = (upstream.accept().await, upstream.accept().await);
        one.head().await;
        two.head().await;
        let mut third = proxy.get().await;
        let mut fourth = proxy.get().await;
        // Each waits for a connection that another request is done with.
        one.send(EMPTY).await;
        one.head().await;
        two.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        let mut three = upstream.accept().await;
        three.head().await;
        assert!(upstream.is_alone().await);
        one.send(EMPTY).await;
        three.send(EMPTY).await;
        for client in [&mut first, &mut second, &mut third, &mut fourth] {
            assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        }
    });
}

#[test]
fn a_stream_keeps_its_place_among_the_connections() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(with(&upstream, json!({"max_conns_per_host": 1}))).await;
        let mut stream = proxy.connect().await;
        let mut wire = upgraded(&mut stream, &upstream).await;
        let mut client = proxy.get().await;
        wire.send("x").await;
        assert_eq!(stream.read(1).await, "x");
        assert!(upstream.is_alone().await);
        drop((stream, wire));
        upstream.accept().await.head().await;
        drop(upstream);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

/// Its life has a limit of its own, `stream_timeout`.
#[test]
fn limits_of_the_transport_cut_no_stream() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let limits = json!({"read_timeout": "1s", "write_timeout": "1s", "response_header_timeout": "1s",
            "keep_alive": {"idle_timeout": "1s"}});
        let proxy = Proxy::new(with(&upstream, limits)).await;
        let mut stream = proxy.connect().await;
        let mut wire = upgraded(&mut stream, &upstream).await;
        for hours in [0, 1, 24] {
            tokio::time::pause();
            tokio::time::advance(std::time::Duration::from_secs(3600 * hours)).await;
            tokio::time::resume();
            stream.send("ping").await;
            assert_eq!(wire.read(4).await, "ping");
            wire.send("pong").await;
            assert_eq!(stream.read(4).await, "pong");
        }
    });
}

#[test]
fn connections_come_from_the_local_address() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        for local in ["127.0.0.7", "tcp/127.0.0.8:0"] {
            let proxy = Proxy::new(with(&upstream, json!({"local_address": local}))).await;
            let mut client = proxy.get().await;
            let mut wire = upstream.accept().await;
            let ip = wire.0.peer_addr().unwrap().ip().to_string();
            assert!(local.contains(&ip), "{ip}");
            wire.head().await;
            wire.send(EMPTY).await;
            client.head().await;
        }
    });
}

#[test]
fn buffers_of_a_given_size_change_no_byte() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let sizes = json!({"read_buffer_size": 7, "write_buffer_size": 5});
        let proxy = Proxy::new(with(&upstream, sizes)).await;
        let body = "0123456789".repeat(500);
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut client = proxy.send(&request).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        assert_eq!(wire.read(body.len()).await, body);
        wire.send(format!(
            "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: {}\r\n\r\n{body}",
            "y".repeat(9000),
            body.len()
        ))
        .await;
        assert_eq!(client.head().await.get("x").unwrap().len(), 9000);
        assert_eq!(client.read(body.len()).await, body);
        let mut wire = upgraded(&mut client, &upstream).await;
        client.send("there").await;
        assert_eq!(wire.read(5).await, "there");
        wire.send("back").await;
        assert_eq!(client.read(4).await, "back");
    });
}

#[test]
fn a_head_beyond_its_limit_is_a_bad_gateway() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) =
            upstream.asked(with(&upstream, json!({"max_response_header_size": 10_000}))).await;
        wire.head().await;
        wire.send(format!("HTTP/1.1 200 OK\r\nX: {}\r\n", "y".repeat(12_000))).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

/// Answers a question for the addresses of a name with 127.0.0.1, or with none if it is for those of IPv6.
async fn resolve(dns: &UdpSocket) {
    let mut question = [0; 512];
    let (length, from) = dns.recv_from(&mut question).await.unwrap();
    let is_a = question[length - 3] == 1;
    question[2] |= 0x80;
    question[7] = u8::from(is_a);
    let mut answer = question[..length].to_vec();
    if is_a {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    dns.send_to(&answer, from).await.unwrap();
}

#[test]
fn names_are_looked_up_where_the_resolver_says() {
    on_a_shard(async {
        let (upstream, dns) = (Upstream::new().await, UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let port = upstream.address.rsplit(':').next().unwrap();
        let mut config =
            with(&upstream, json!({"resolver": {"addresses": [dns.local_addr().unwrap().to_string()]}}));
        config["upstreams"][0]["dial"] = json!(format!("app.example:{port}"));
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        resolve(&dns).await;
        resolve(&dns).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

/// A transport through a proxy at `server`, to an upstream that only the proxy can find.
fn through(server: &Upstream, scheme: &str, more: Value) -> Value {
    let url = format!("{scheme}{}", server.address);
    let mut config = with(server, json!({"network_proxy": {"from": "url", "url": url}}));
    for (key, value) in more.as_object().unwrap() {
        config["transport"][key] = value.clone();
    }
    config["upstreams"][0]["dial"] = json!("app.internal:8080");
    config
}

#[test]
fn a_proxy_of_http_gets_whole_requests() {
    on_a_shard(async {
        let server = Upstream::new().await;
        let proxy = Proxy::new(through(&server, "http://me:secret@", json!({}))).await;
        let mut client = proxy.get().await;
        let mut wire = server.accept().await;
        for path in ["/", "/again"] {
            let head = wire.head().await;
            assert_eq!(head.line(), format!("GET http://app.internal:8080{path} HTTP/1.1"));
            assert_eq!(head.get("proxy-authorization").unwrap(), "Basic bWU6c2VjcmV0");
            assert_eq!(head.get("host").unwrap(), "example.com");
            wire.send(EMPTY).await;
            assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
            client.send("GET /again HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
        }
    });
}

#[test]
fn what_is_no_plain_request_goes_through_a_tunnel() {
    on_a_shard(async {
        let server = Upstream::new().await;
        let tls = json!({"tls": {"insecure_skip_verify": true}});
        let proxy = Proxy::new(through(&server, "", tls)).await;
        let mut client = proxy.get().await;
        let mut wire = server.accept().await;
        let head = wire.head().await;
        assert_eq!(head.line(), "CONNECT app.internal:8080 HTTP/1.1");
        assert_eq!(head.get("proxy-authorization"), None);
        wire.send("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").await;
        assert_eq!(wire.bytes(1).await, [22], "the first byte of a handshake");
        drop(wire);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
        let proxy = Proxy::new(through(&server, "http://", json!({}))).await;
        let mut client = proxy.send(upgrade).await;
        let mut wire = server.accept().await;
        assert_eq!(wire.head().await.line(), "CONNECT app.internal:8080 HTTP/1.1");
        wire.send("HTTP/1.1 200 OK\r\n\r\n").await;
        assert_eq!(wire.head().await.line(), "GET / HTTP/1.1");
        wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi").await;
        client.head().await;
        assert_eq!(client.read(2).await, "hi");
    });
}

#[test]
fn a_proxy_that_refuses_is_a_failed_dial() {
    on_a_shard(async {
        let server = Upstream::new().await;
        let proxy = Proxy::new(through(&server, "http://", json!({"versions": ["h2c"]}))).await;
        let mut client = proxy.get().await;
        let mut wire = server.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        let head = client.head().await;
        assert_eq!(head.line(), "HTTP/1.1 502 Bad Gateway");
        let text = client.read(head.get("content-length").unwrap().parse().unwrap()).await;
        assert!(text.contains("dial app.internal:8080") && text.contains("407 Proxy Auth"), "{text}");
    });
}

#[test]
fn a_tunnel_is_only_for_those_who_have_opened_it() {
    on_a_shard(async {
        let server = Upstream::new().await;
        let mut config = through(&server, "", json!({"versions": ["1.1"]}));
        let user = "{http.request.header.X-User}:x";
        config["transport"]["network_proxy"]["url"] = json!(format!("socks5://{user}@{}", server.address));
        let proxy = Proxy::new(config).await;
        for user in ["one", "two"] {
            let mut client =
                proxy.send(&format!("GET / HTTP/1.1\r\nHost: a\r\nX-User: {user}\r\n\r\n")).await;
            let mut wire = server.accept().await;
            wire.bytes(4).await;
            wire.send([5, 2]).await;
            assert_eq!(wire.bytes(7).await, [&[1, 3], user.as_bytes(), b"\x01x"].concat());
            wire.send([1, 0]).await;
            wire.bytes(4 + 1 + 12 + 2).await;
            wire.send([5, 0, 0, 1, 10, 0, 0, 1, 0, 80]).await;
            wire.head().await;
            wire.send(EMPTY).await;
            assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        }
    });
}

#[test]
fn a_proxy_of_socks_opens_a_tunnel() {
    on_a_shard(async {
        let server = Upstream::new().await;
        let proxy = Proxy::new(through(&server, "socks5://me:secret@", json!({}))).await;
        let mut client = proxy.get().await;
        let mut wire = server.accept().await;
        assert_eq!(wire.bytes(4).await, [5, 2, 0, 2]);
        wire.send([5, 2]).await;
        assert_eq!(wire.bytes(11).await, b"\x01\x02me\x06secret");
        wire.send([1, 0]).await;
        assert_eq!(wire.bytes(4 + 1 + 12 + 2).await, b"\x05\x01\x00\x03\x0capp.internal\x1f\x90");
        wire.send([5, 0, 0, 1, 10, 0, 0, 1, 0, 80]).await;
        assert_eq!(wire.head().await.line(), "GET / HTTP/1.1");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn a_proxy_can_depend_on_the_request() {
    on_a_shard(async {
        let server = Upstream::new().await;
        let mut config = through(&server, "", json!({}));
        config["transport"]["network_proxy"]["url"] = json!("http://{http.request.header.X-Proxy}");
        let proxy = Proxy::new(config).await;
        let request = |to: &str| format!("GET / HTTP/1.1\r\nHost: a\r\nX-Proxy: {to}\r\n\r\n");
        let _client = proxy.send(&request(&server.address)).await;
        assert_eq!(server.accept().await.head().await.line(), "GET http://app.internal:8080/ HTTP/1.1");
        let mut client = proxy.send(&request("")).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 500 Internal Server Error");
        let mut client = proxy.send(&request(&nowhere().await)).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        client.0.shutdown().await.unwrap();
    });
}

/// Makes a stream of a client's connection; its other end.
async fn upgraded(client: &mut Wire, upstream: &Upstream) -> Wire {
    let upgrade = "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{upgrade}")).await;
    let mut wire = upstream.accept().await;
    wire.head().await;
    wire.send(format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}")).await;
    client.head().await;
    wire
}
