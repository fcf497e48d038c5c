use serde_json::json;

use super::scene::{Proxy, Upstream, nowhere, on_a_shard};

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn without_upstreams_there_is_no_service() {
    on_a_shard(async {
        let proxy = Proxy::new(json!({})).await;
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
    });
}

#[test]
fn an_upstream_that_is_not_there_is_a_bad_gateway() {
    on_a_shard(async {
        let proxy = Proxy::new(json!({"upstreams": [{"dial": nowhere().await}]})).await;
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

#[test]
fn what_was_never_sent_is_tried_elsewhere() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(json!({
            "upstreams": [{"dial": upstream.address}, {"dial": nowhere().await}],
            "load_balancing": {"selection_policy": {"policy": "round_robin"}, "retries": 1},
        }))
        .await;
        let request = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody";
        let mut client = proxy.send(request).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        assert_eq!(wire.read(4).await, "body");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}

#[test]
fn what_may_have_arrived_is_tried_again_only_if_it_is_a_get() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["load_balancing"] = json!({"retries": 1});
        config["request_buffers"] = json!(-1);
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        upstream.accept().await.head().await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        client.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody").await;
        upstream.accept().await.head().await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

#[test]
fn trying_ends_with_its_time() {
    on_a_shard(async {
        let proxy = Proxy::new(json!({
            "upstreams": [{"dial": nowhere().await}],
            "load_balancing": {"try_duration": "20ms", "try_interval": "1ms"},
        }))
        .await;
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

#[test]
fn failures_take_an_upstream_out() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["health_checks"] =
            json!({"passive": {"fail_duration": "1h", "max_fails": 2, "unhealthy_status": [5]}});
        let proxy = Proxy::new(config).await;
        for _ in 0..2 {
            let mut client = proxy.get().await;
            let mut wire = upstream.accept().await;
            wire.head().await;
            wire.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            assert_eq!(client.head().await.line(), "HTTP/1.1 500 Oops");
        }
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
        assert_eq!(proxy.process.hosts.all()[0].fails(), 2);
    });
}

#[test]
fn slow_answers_take_an_upstream_out() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["health_checks"] = json!({"passive": {"fail_duration": "1h", "unhealthy_latency": 1}});
        let (proxy, mut client, mut wire) = upstream.asked(config).await;
        wire.head().await;
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
    });
}

#[test]
fn too_many_requests_take_an_upstream_out() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["health_checks"] = json!({"passive": {"unhealthy_request_count": 1}});
        let (proxy, mut client, mut wire) = upstream.asked(config).await;
        wire.head().await;
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        wire.head().await;
    });
}

#[test]
fn requests_count_until_their_response_is_through() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(json!({"upstreams": [{"dial": upstream.address, "max_requests": 1}]})).await;
        let mut first = proxy.get().await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na").await;
        first.head().await;
        assert_eq!(first.read(1).await, "a");
        assert_eq!(proxy.process.hosts.all()[0].requests(), 1);
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
        wire.send("b").await;
        assert_eq!(first.read(1).await, "b");
        assert_eq!(proxy.process.hosts.all()[0].requests(), 0);
    });
}

#[test]
fn a_cookie_is_set_with_the_response() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["load_balancing"] = json!({"selection_policy": {"policy": "cookie"}});
        let (_proxy, mut client, mut wire) = upstream.asked(config).await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\n\r\n").await;
        let cookies = client.head().await.get("set-cookie").unwrap();
        assert!(
            cookies.starts_with("lb=") && cookies.ends_with("; Path=/; HttpOnly; SameSite=Lax | a=b"),
            "{cookies}"
        );
    });
}

#[test]
fn retry_match_says_what_may_be_sent_twice() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["load_balancing"] = json!({"retries": 1, "retry_match": [{"method": ["POST"]}]});
        config["request_buffers"] = json!(-1);
        let proxy = Proxy::new(config).await;
        let mut client =
            proxy.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody").await;
        for response in ["", EMPTY] {
            let mut wire = upstream.accept().await;
            wire.head().await;
            assert_eq!(wire.read(4).await, "body");
            wire.send(response).await;
        }
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        let mut client = proxy.get().await;
        upstream.accept().await.head().await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
    });
}

#[test]
fn retry_match_can_refuse_a_response() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        let busy = json!({"expression": "{http.reverse_proxy.status_code} == 503"});
        config["load_balancing"] = json!({"retries": 1, "retry_match": [busy]});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        for _ in 0..2 {
            let mut wire = upstream.accept().await;
            wire.head().await;
            wire.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy").await;
        }
        assert_eq!(client.head().await.line(), "HTTP/1.1 503 Service Unavailable");
        assert_eq!(proxy.process.hosts.all()[0].requests(), 0);
    });
}

#[test]
fn upstreams_can_be_looked_up() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let port = upstream.address.rsplit(':').next().unwrap();
        let proxy = Proxy::new(json!({"dynamic_upstreams":
            {"source": "a", "name": "127.0.0.1", "port": port, "versions": {"ipv4": true}}}))
        .await;
        let mut client = proxy.get().await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
        assert_eq!(*proxy.process.hosts.all()[0].address, *upstream.address);
        assert_eq!(proxy.live.sources.iter().filter(|name| name.starts_with("dynamic ")).count(), 1);
    });
}

#[test]
fn static_upstreams_help_out_where_none_are_found() {
    on_a_shard(async {
        let (upstream, dns) =
            (Upstream::new().await, tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let mut config = upstream.proxy();
        config["dynamic_upstreams"] = json!({"source": "srv", "name": "gone.example",
            "resolver": {"addresses": [dns.local_addr().unwrap().to_string()]}});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.get().await;
        let mut question = [0; 512];
        let (length, from) = dns.recv_from(&mut question).await.unwrap();
        // A response that says that there is no such name.
        question[2] |= 0x80;
        question[3] = 3;
        dns.send_to(&question[..length], from).await.unwrap();
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
    });
}
