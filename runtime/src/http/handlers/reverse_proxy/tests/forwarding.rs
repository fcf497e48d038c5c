use serde_json::json;

use super::scene::{Proxy, Upstream, on_a_shard};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_get_goes_there_and_back() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client = proxy.send("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Own: 1\r\n\r\n").await;
        let mut wire = upstream.accept().await;
        let request = wire.head().await;
        assert_eq!(request.line(), "GET /a?b=c HTTP/1.1");
        assert_eq!(request.get("host").unwrap(), "example.com");
        assert_eq!(request.get("x-own").unwrap(), "1");
        assert_eq!(request.get("via").unwrap(), "1.1 Caddis");
        assert_eq!(request.get("x-forwarded-for").unwrap(), "127.0.0.1");
        assert_eq!(request.get("content-length"), None);
        assert_eq!(request.get("user-agent"), None);
        wire.send("HTTP/1.1 201 Created\r\nServer: theirs\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 5\r\n\r\nhello")
            .await;
        let response = client.head().await;
        assert_eq!(response.line(), "HTTP/1.1 201 Created");
        assert_eq!(response.get("server").unwrap(), "theirs");
        assert_eq!(response.get("via").unwrap(), "1.1 Caddis");
        assert_eq!(response.get("x-hop"), None);
        assert_eq!(client.read(5).await, "hello");
    });
}

#[test]
fn a_connection_serves_one_request_after_another() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) = upstream.asked(upstream.proxy()).await;
        for body in ["one", "two", "six"] {
            wire.head().await;
            wire.send(format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{body}\r\n0\r\n\r\n"
            ))
            .await;
            client.head().await;
            assert_eq!(client.read(13).await, format!("3\r\n{body}\r\n0\r\n\r\n"));
            client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
        }
    });
}

/// Whatever `flush_interval` says, nothing waits for what comes next.
#[test]
fn each_piece_of_a_body_is_sent_at_once() {
    on_a_shard(async {
        for interval in [-1_i64, 0, 3_600_000_000_000] {
            let upstream = Upstream::new().await;
            let mut handler = upstream.proxy();
            handler["flush_interval"] = json!(interval);
            let (_proxy, mut client, mut wire) = upstream.asked(handler).await;
            wire.head().await;
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n").await;
            client.head().await;
            for piece in ["one", "two"] {
                wire.send(piece).await;
                assert_eq!(client.read(3).await, piece);
            }
        }
    });
}

#[test]
fn a_kept_connection_that_was_closed_is_no_failure() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) = upstream.answered().await;
        client.send("GET /again HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
        wire.head().await;
        drop(wire);
        let mut wire = upstream.accept().await;
        assert_eq!(wire.head().await.line(), "GET /again HTTP/1.1");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn a_post_is_not_sent_twice() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) = upstream.answered().await;
        client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody").await;
        wire.head().await;
        assert_eq!(wire.read(4).await, "body");
        drop(wire);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

#[test]
fn bodies_are_passed_on_as_they_come() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let head = "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = proxy.send(head).await;
        let mut wire = upstream.accept().await;
        assert_eq!(wire.head().await.get("transfer-encoding").unwrap(), "chunked");
        client.send("5\r\nfirst\r\n").await;
        assert_eq!(wire.read(10).await, "5\r\nfirst\r\n");
        wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n").await;
        client.head().await;
        assert_eq!(client.read(9).await, "4\r\npart\r\n");
        client.send("0\r\n\r\n").await;
        assert_eq!(wire.read(5).await, "0\r\n\r\n");
        wire.send("0\r\n\r\n").await;
        assert_eq!(client.read(5).await, "0\r\n\r\n");
    });
}

#[test]
fn a_broken_response_breaks_the_clients_too() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) = upstream.asked(upstream.proxy()).await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nincomplete").await;
        client.head().await;
        drop(wire);
        assert_eq!(client.rest().await, b"incomplete");
    });
}

#[test]
fn headers_are_changed_both_ways() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["headers"] = json!({
            "request": {
                "set": {"Host": ["{http.reverse_proxy.upstream.hostport}"], "X-Up": ["{http.request.host}"]},
                "delete": ["X-Forwarded-For"],
            },
            "response": {"set": {"X-Down": ["yes"]}, "require": {"status_code": [2]}},
        });
        let (_proxy, mut client, mut wire) = upstream.asked(config).await;
        let request = wire.head().await;
        assert_eq!(request.get("host").unwrap(), upstream.address);
        assert_eq!(request.get("x-up").unwrap(), "example.com");
        assert_eq!(request.get("x-forwarded-for"), None);
        assert_eq!(request.get("x-forwarded-host").unwrap(), "example.com");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.get("x-down").unwrap(), "yes");
        client.send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").await;
        wire.head().await;
        wire.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.head().await.get("x-down"), None);
    });
}

#[test]
fn r05_a_buffered_body_has_a_length() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["request_buffers"] = json!(8);
        config["response_buffers"] = json!(-1);
        let proxy = Proxy::new(config).await;
        let head = "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = proxy.send(&format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")).await;
        let mut wire = upstream.accept().await;
        let request = wire.head().await;
        assert_eq!(
            (request.get("content-length").as_deref(), request.get("transfer-encoding")),
            (Some("5"), None)
        );
        assert_eq!(wire.read(5).await, "abcde");
        wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n").await;
        assert_eq!(client.head().await.get("content-length").unwrap(), "3");
        assert_eq!(client.read(3).await, "one");
        client.send(format!("{head}a\r\n0123456789\r\n0\r\n\r\n")).await;
        assert_eq!(wire.head().await.get("transfer-encoding").unwrap(), "chunked");
        assert_eq!(wire.read(20).await, "a\r\n0123456789\r\n0\r\n\r\n");
    });
}

#[test]
fn a_silent_upstream_times_out() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "response_header_timeout": "5ms"});
        let (_proxy, mut client, mut wire) = upstream.asked(config).await;
        wire.head().await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 504 Gateway Timeout");
        assert_eq!(wire.rest().await, b"", "nobody waits on that connection any more");
    });
}

#[test]
fn clients_can_be_announced_by_the_proxy_protocol() {
    on_a_shard(async {
        let v2 = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[127, 0, 0, 1], &[0; 8]].concat();
        for (version, header) in [("v1", &b"PROXY TCP4 127.0.0.1 0.0.0.0 0 0\r\n"[..]), ("v2", &v2)] {
            let upstream = Upstream::new().await;
            let mut config = upstream.proxy();
            config["transport"] = json!({"protocol": "http", "proxy_protocol": version});
            let proxy = Proxy::new(config).await;
            let mut client = proxy.get().await;
            let mut wire = upstream.accept().await;
            assert_eq!(wire.bytes(header.len()).await, header, "{version}");
            assert_eq!(wire.head().await.line(), "GET / HTTP/1.1");
            wire.send(EMPTY).await;
            assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        }
    });
}

#[test]
fn the_upstream_may_see_another_request() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["rewrite"] = json!({"method": "GET", "uri": "/auth?from={http.request.uri.path}"});
        let proxy = Proxy::new(config).await;
        let request = "POST /page HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody";
        let _client = proxy.send(request).await;
        let request = upstream.accept().await.head().await;
        assert_eq!(request.line(), "GET /auth?from=%2Fpage HTTP/1.1");
        assert_eq!((request.get("content-length"), request.get("transfer-encoding")), (None, None));
    });
}
