//! Attempts do not leak into each other, into the client's request, or into what is known of upstreams. What is expected of
//! a round trip is numbered, r01 to r17, here and in the tests beside this one.

use std::future::poll_fn;

use serde_json::{Value, json};

use super::scene::{Head, Logged, Proxy, Upstream, Wire, nowhere, on_a_shard};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody";

/// Two upstreams, of which the first is asked first.
fn both(first: &str, second: &str) -> Value {
    json!({
        "upstreams": [{"dial": first}, {"dial": second}],
        "load_balancing": {"selection_policy": {"policy": "first"}, "retries": 1},
        "health_checks": {"passive": {"fail_duration": "1h"}},
    })
}

/// Reads a request and closes the connection.
async fn break_off(upstream: &Upstream) -> Head {
    upstream.accept().await.head().await
}

async fn serve(upstream: &Upstream, response: &str) -> (Head, Wire) {
    let mut wire = upstream.accept().await;
    let head = wire.head().await;
    wire.send(response).await;
    (head, wire)
}

#[test]
fn r01_what_is_changed_for_the_upstream_is_invisible_elsewhere() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["rewrite"] = json!({"method": "GET", "uri": "/other"});
        config["headers"] = json!({"request": {"set": {"X-Up": ["1"]}, "delete": ["X-Own"]}});
        let body =
            "{http.request.method} {http.request.uri} {http.request.header.X-Own}{http.request.header.X-Up}";
        config["handle_response"] =
            json!([{"routes": [{"handle": [{"handler": "static_response", "body": body}]}]}]);
        let proxy = Proxy::new(config).await;
        let mut client = proxy.send("PUT /mine HTTP/1.1\r\nHost: example.com\r\nX-Own: own\r\n\r\n").await;
        let (head, _wire) = serve(&upstream, EMPTY).await;
        assert_eq!((head.line(), head.get("x-up").as_deref()), ("GET /other HTTP/1.1", Some("1")));
        client.head().await;
        assert_eq!(client.read(13).await, "PUT /mine own");
    });
}

#[test]
fn r02_each_attempt_starts_from_the_prepared_headers() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let mut config = both(&first.address, &second.address);
        config["headers"] = json!({"request": {"add": {"X-To": ["{http.reverse_proxy.upstream.hostport}"]}}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        assert_eq!(break_off(&first).await.get("x-to").unwrap(), first.address);
        let (head, _wire) = serve(&second, EMPTY).await;
        assert_eq!(head.get("x-to").unwrap(), second.address, "added once, for this upstream");
        assert_eq!(head.get("via").unwrap(), "1.1 Caddis");
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn r05_a_body_beyond_the_buffer_is_not_sent_twice() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let mut config = both(&first.address, &second.address);
        config["request_buffers"] = json!(2);
        config["load_balancing"]["retry_match"] = json!([{"method": ["POST"]}]);
        let proxy = Proxy::new(config).await;
        let mut client = proxy.send(POST).await;
        let mut wire = first.accept().await;
        wire.head().await;
        assert_eq!(wire.read(4).await, "body");
        drop(wire);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        assert!(second.is_alone().await);
    });
}

#[test]
fn r08_a_response_that_breaks_off_is_told_and_counts_against_nobody() {
    on_a_shard(async {
        let (upstream, logged) = (Upstream::new().await, Logged::default());
        let mut config = upstream.proxy();
        config["health_checks"] = json!({"passive": {"fail_duration": "1h"}});
        let proxy = Proxy::in_process(logged.process(), config).await;
        let mut client = proxy.get().await;
        let (_, wire) =
            serve(&upstream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n").await;
        client.head().await;
        assert_eq!(client.read(9).await, "4\r\npart\r\n");
        drop(wire);
        assert_eq!(client.rest().await, b"", "without the end of a chunked body the client knows");
        let lines = logged.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let start = "Warn http.handlers.reverse_proxy: aborting with incomplete response ";
        assert!(lines[0].starts_with(start) && lines[0].contains("reading: "), "{lines:?}");
        assert_eq!((proxy.host().fails(), proxy.host().requests()), (0, 0));
    });
}

#[test]
fn r09_a_client_that_leaves_cancels_the_request_and_counts_against_nobody() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let (config, logged) = (both(&first.address, &second.address), Logged::default());
        let proxy = Proxy::in_process(logged.process(), config).await;
        let client = proxy.get().await;
        let mut wire = first.accept().await;
        wire.head().await;
        assert_eq!(proxy.process.hosts.all().iter().map(|host| host.requests()).sum::<usize>(), 1);
        drop(client);
        assert_eq!(wire.rest().await, b"", "the upstream's connection is closed");
        assert!(second.is_alone().await);
        for host in proxy.process.hosts.all() {
            assert_eq!((host.fails(), host.requests()), (0, 0));
        }
        assert_eq!(logged.lines(), Vec::<String>::new());
    });
}

#[test]
fn r09_a_client_that_leaves_ends_the_wait_for_the_next_attempt() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["load_balancing"] = json!({"retries": 1, "try_interval": "1h"});
        let proxy = Proxy::new(config).await;
        let handler = proxy.handling();
        let client = proxy.get().await;
        break_off(&upstream).await;
        drop(client);
        handler.ended().await;
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn r10_whose_fault_it_is_decides_the_status() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let cases = [
            (json!({}), "503 Service Unavailable"),
            (json!({"upstreams": [{"dial": nowhere().await}]}), "502 Bad Gateway"),
            (
                json!({"upstreams": [{"dial": upstream.address}],
                    "transport": {"protocol": "http", "response_header_timeout": "1ms"}}),
                "504 Gateway Timeout",
            ),
            (
                json!({"upstreams": [{"dial": upstream.address}],
                    "transport": {"protocol": "http", "read_timeout": "1ms"}}),
                "504 Gateway Timeout",
            ),
            (json!({"upstreams": [{"dial": "{http.request.header.nothing}"}]}), "502 Bad Gateway"),
        ];
        for (config, status) in cases {
            let proxy = Proxy::new(config).await;
            assert_eq!(proxy.get().await.head().await.line(), format!("HTTP/1.1 {status}"));
        }
    });
}

#[test]
fn r11_only_a_get_is_sent_again_unasked() {
    on_a_shard(async {
        for (method, again) in [("GET", true), ("HEAD", false), ("OPTIONS", false), ("DELETE", false)] {
            let (first, second) = (Upstream::new().await, Upstream::new().await);
            let proxy = Proxy::new(both(&first.address, &second.address)).await;
            let mut client = proxy.send(&format!("{method} / HTTP/1.1\r\nHost: example.com\r\n\r\n")).await;
            break_off(&first).await;
            if again {
                let _wire = serve(&second, EMPTY).await;
                assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
            } else {
                assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
                assert!(second.is_alone().await, "{method}");
            }
        }
    });
}

#[test]
fn r14_there_is_one_attempt_more_than_retries_and_each_failure_counts() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["load_balancing"] = json!({"retries": 2});
        config["health_checks"] = json!({"passive": {"fail_duration": "1h", "max_fails": 10}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        for _ in 0..3 {
            break_off(&upstream).await;
        }
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        assert!(upstream.is_alone().await);
        assert_eq!(proxy.host().fails(), 3);
    });
}

#[test]
fn a_budget_that_is_spent_ends_retrying() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["load_balancing"] = json!({"retries": 5, "retry_budget": {"percent": 2}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        for _ in 0..3 {
            break_off(&upstream).await;
        }
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway", "one attempt and two retries");
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn r12_a_failed_handshake_is_a_failed_dial() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let mut config = both(&first.address, &second.address);
        let port = second.address.rsplit(':').next().unwrap();
        config["transport"] =
            json!({"protocol": "http", "tls": {"insecure_skip_verify": true, "except_ports": [port]}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.send(POST).await;
        let mut wire = first.accept().await;
        assert_eq!(wire.bytes(1).await, [0x16], "a handshake");
        drop(wire);
        let mut wire = second.accept().await;
        wire.head().await;
        assert_eq!(wire.read(4).await, "body", "nothing of the request had been sent");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn r13_a_refused_response_leaves_nothing_behind() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let mut config = both(&first.address, &second.address);
        config["load_balancing"]["retry_match"] =
            json!([{"expression": "{http.reverse_proxy.status_code} == 503"}]);
        config["load_balancing"]["selection_policy"] = json!({"policy": "round_robin"});
        let body = "{http.reverse_proxy.header.X-First}{http.reverse_proxy.header.X-Second}";
        config["handle_response"] =
            json!([{"routes": [{"handle": [{"handler": "static_response", "body": body}]}]}]);
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        // Turns begin with the second.
        let (_, mut wire) =
            serve(&second, "HTTP/1.1 503 Busy\r\nX-First: 1\r\nContent-Length: 9999999\r\n\r\nbusy").await;
        assert_eq!(wire.rest().await, b"", "the rest of it is not waited for");
        let _wire = serve(&first, "HTTP/1.1 200 OK\r\nX-Second: 2\r\nContent-Length: 0\r\n\r\n").await;
        client.head().await;
        let unknown = "{http.reverse_proxy.header.X-First}";
        assert_eq!(client.read(unknown.len() + 1).await, format!("{unknown}2"));
        assert!(proxy.process.hosts.all().iter().all(|host| host.fails() == 0), "no strike against health");
    });
}

#[test]
fn r15_placeholders_tell_of_the_last_attempt() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let mut config = both(&first.address, &second.address);
        let names = [
            "retries",
            "upstream.address",
            "upstream.hostport",
            "upstream.host",
            "upstream.port",
            "upstream.requests",
            "upstream.max_requests",
            "upstream.fails",
            "status_code",
            "status_text",
            "header.X-A",
        ];
        let numbers =
            ["duration", "duration_ms", "upstream.latency", "upstream.latency_ms", "upstream.duration_ms"];
        let text = |names: &[&str]| {
            names.iter().map(|name| format!("{{http.reverse_proxy.{name}}}")).collect::<Vec<_>>().join(" ")
        };
        config["handle_response"] = json!([{"routes": [{"handle": [{"handler": "static_response",
            "body": text(&names), "headers": {"X-Numbers": [text(&numbers)]}}]}]}]);
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        break_off(&first).await;
        let _wire =
            serve(&second, "HTTP/1.1 404 Not Found\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 1\r\n\r\n!").await;
        let head = client.head().await;
        let at = &second.address;
        let (host, port) = at.split_once(':').unwrap();
        let expected = format!("1 {at} {at} {host} {port} 1 0 0 404 404 Not Found 1,2");
        assert_eq!(client.read(expected.len()).await, expected);
        let numbers_shown = head.get("x-numbers").unwrap();
        assert_eq!(numbers_shown.split(' ').filter(|number| !number.is_empty()).count(), numbers.len());
    });
}

#[test]
fn r07_interim_responses_are_passed_on_at_once() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (_proxy, mut client, mut wire) = upstream.asked(upstream.proxy()).await;
        wire.head().await;
        wire.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        wire.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: y\r\n\r\n").await;
        let hint = client.head().await;
        assert_eq!(hint.line(), "HTTP/1.1 103 Early Hints", "before there is any other response");
        assert_eq!(
            (hint.get("link").as_deref(), hint.get("x"), hint.get("via")),
            (Some("</a.css>"), None, None)
        );
        wire.send("HTTP/1.1 102 Processing\r\n\r\n").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 102 Processing");
        wire.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 103 Early Hints");
        let response = client.head().await;
        assert_eq!((response.line(), response.get("link")), ("HTTP/1.1 200 OK", None));
        assert_eq!(client.read(2).await, "ok");
    });
}

#[test]
fn r07_interim_responses_reach_clients_of_http_2() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let (mut client, connection) = h2::client::handshake(proxy.connect().await.0).await.unwrap();
        tokio::task::spawn_local(async move { drop(connection.await) });
        let request = http::Request::get("http://example.com/").body(()).unwrap();
        let (mut response, _) = client.send_request(request, true).unwrap();
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        wire.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: y\r\n\r\n").await;
        let hint = poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        assert_eq!((hint.status().as_u16(), hint.headers().len()), (103, 1), "{hint:?}");
        assert_eq!(hint.headers()["link"], "</a.css>");
        wire.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        let hint = poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        assert_eq!(hint.status().as_u16(), 102);
        let response = response.await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers().get("link")), (200, None));
    });
}

#[test]
fn r07_http_1_0_has_no_interim_responses() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client = proxy.send("GET / HTTP/1.0\r\n\r\n").await;
        let _wire = serve(&upstream, &format!("HTTP/1.1 103 Early Hints\r\n\r\n{EMPTY}")).await;
        assert_eq!(client.head().await.line(), "HTTP/1.0 200 OK");
    });
}

#[test]
fn r07_a_body_that_waits_for_100_continue_is_asked_for() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
        let mut client = proxy.send(request).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 103 Early Hints\r\n\r\n").await;
        let mut lines = [client.head().await.line().to_owned(), client.head().await.line().to_owned()];
        lines.sort();
        assert_eq!(lines, ["HTTP/1.1 100 Continue", "HTTP/1.1 103 Early Hints"]);
        client.send("body").await;
        assert_eq!(wire.read(4).await, "body");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

const CHUNKED: &str =
    "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";

#[test]
fn r06_a_body_survives_a_dial_that_fails() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(both(&nowhere().await, &upstream.address)).await;
        let mut client = proxy.send(CHUNKED).await;
        let mut wire = upstream.accept().await;
        assert_eq!(wire.head().await.get("transfer-encoding").unwrap(), "chunked");
        assert_eq!(wire.read(14).await, "4\r\nbody\r\n0\r\n\r\n");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn r06_a_body_that_was_read_in_part_is_sent_to_nobody_else() {
    on_a_shard(async {
        let (first, second) = (Upstream::new().await, Upstream::new().await);
        let mut config = both(&first.address, &second.address);
        config["load_balancing"]["retry_match"] = json!([{"method": ["POST"]}]);
        let proxy = Proxy::new(config).await;
        let mut client =
            proxy.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 8\r\n\r\nhalf").await;
        let mut wire = first.accept().await;
        wire.head().await;
        assert_eq!(wire.read(4).await, "half");
        drop(wire);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        assert!(second.is_alone().await);
    });
}

#[test]
fn r17_of_a_switch_only_the_upgrade_is_left() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let request =
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
        let mut client = proxy.send(request).await;
        let mut wire = upstream.accept().await;
        let head = wire.head().await;
        let asked = (head.get("connection").unwrap(), head.get("upgrade").unwrap());
        assert_eq!(asked, ("Upgrade".into(), "websocket".into()));
        wire.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade, X-Hop\r\nUpgrade: websocket\r\nX-Hop: 1\r\n\
             Keep-Alive: timeout=5\r\nAlt-Svc: h3\r\nProxy-Authenticate: Basic\r\nX-Own: 1\r\n\r\n",
        )
        .await;
        let head = client.head().await;
        let left = ["connection", "upgrade", "x-own", "x-hop", "keep-alive", "alt-svc", "proxy-authenticate"]
            .map(|name| head.get(name));
        let expected = ["Upgrade", "websocket", "1"].map(|value| Some(value.to_owned()));
        assert_eq!((&left[..3], &left[3..]), (&expected[..], &[None, None, None, None][..]));
    });
}

#[test]
fn connect_is_for_forward_proxies() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client =
            proxy.send("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n").await;
        let head = client.head().await;
        assert_eq!(head.line(), "HTTP/1.1 501 Not Implemented");
        let text = client.read(head.get("content-length").unwrap().parse().unwrap()).await;
        assert!(text.starts_with("CONNECT is for forward proxies"), "{text}");
        assert!(upstream.is_alone().await);
    });
}
