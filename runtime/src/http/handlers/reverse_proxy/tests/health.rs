use serde_json::{Value, json};

use super::scene::{Proxy, Upstream, on_a_shard, process};

fn config(upstream: &Upstream, active: Value) -> Value {
    let mut config = upstream.proxy();
    config["health_checks"] = json!({"active": active});
    config
}

/// Answers one check.
async fn answer(upstream: &Upstream, response: &str) -> super::scene::Head {
    let mut wire = upstream.accept().await;
    let request = wire.head().await;
    wire.send(response).await;
    // The checker reads what it wants and leaves.
    wire.rest().await;
    request
}

/// Requests are refused or not as soon as the verdict is in, which takes the checker a moment.
async fn becomes(proxy: &Proxy, healthy: bool) {
    while proxy.process.hosts.healthy().values().any(|verdict| *verdict != healthy) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_failed_check_takes_an_upstream_out_and_a_passed_one_back_in() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let active = json!({
            "uri": "/health?full",
            "interval": "1ms",
            "headers": {"X-For": ["{http.reverse_proxy.active.target_upstream}"], "Host": ["checks.example"]},
            "expect_status": 2,
            "expect_body": "^ok",
        });
        let proxy = Proxy::new(config(&upstream, active)).await;
        let close = "Connection: close\r\n";
        let request =
            answer(&upstream, &format!("HTTP/1.1 200 OK\r\n{close}Content-Length: 3\r\n\r\nbad")).await;
        assert_eq!(request.line(), "GET /health?full HTTP/1.1");
        assert_eq!(request.get("host").unwrap(), "checks.example");
        assert_eq!(request.get("x-for").unwrap(), upstream.address);
        becomes(&proxy, false).await;
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
        answer(&upstream, &format!("HTTP/1.1 204 No Content\r\n{close}\r\n")).await;
        answer(&upstream, &format!("HTTP/1.1 200 OK\r\n{close}Content-Length: 2\r\n\r\nok")).await;
        becomes(&proxy, true).await;
    });
}

#[test]
fn a_reload_keeps_the_verdict() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let active = json!({"uri": "/", "interval": "1h", "headers": {"X-Who": ["me"]}});
        let before = Proxy::in_process(process(), config(&upstream, active.clone())).await;
        answer(&upstream, "HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n").await;
        becomes(&before, false).await;
        let after = Proxy::in_process(before.process.clone(), config(&upstream, active)).await;
        assert_eq!(after.get().await.head().await.line(), "HTTP/1.1 503 Service Unavailable");
    });
}

#[test]
fn an_upstream_may_be_asked_at_another_port() {
    on_a_shard(async {
        let (upstream, other) = (Upstream::new().await, Upstream::new().await);
        let port: u16 = other.address.rsplit(':').next().unwrap().parse().unwrap();
        let proxy = Proxy::new(config(&upstream, json!({"port": port, "interval": "1h"}))).await;
        let request = answer(&other, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n").await;
        assert_eq!(request.get("host").unwrap(), other.address);
        becomes(&proxy, false).await;
    });
}

#[test]
fn a_check_follows_redirects_if_told_to() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let active = json!({"uri": "/a/b?c", "method": "POST", "body": "hi", "interval": "1h", "follow_redirects": true,
            "expect_status": 204});
        let proxy = Proxy::new(config(&upstream, active)).await;
        let close = "Connection: close\r\nContent-Length: 0\r\n";
        let mut asked = Vec::new();
        for answer in [
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: d?e#f\r\n{close}\r\n"),
            format!("HTTP/1.1 302 Found\r\nLocation: http://other.example/g\r\n{close}\r\n"),
            format!("HTTP/1.1 301 Moved Permanently\r\nLocation: /h\r\n{close}\r\n"),
            "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_owned(),
        ] {
            let mut wire = upstream.accept().await;
            let head = wire.head().await;
            let length = head.get("content-length").unwrap_or_default();
            asked.push(format!("{} {} {length}", head.line(), head.get("host").unwrap()));
            wire.send(answer).await;
        }
        let own = &upstream.address;
        let expected = [
            format!("POST /a/b?c HTTP/1.1 {own} 2"),
            format!("POST /a/d?e HTTP/1.1 {own} 2"),
            "GET /g HTTP/1.1 other.example ".to_owned(),
            "GET /h HTTP/1.1 other.example ".to_owned(),
        ];
        assert_eq!(asked, expected);
        becomes(&proxy, false).await;
    });
}

#[test]
fn the_requests_of_a_check_share_a_connection() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let active = json!({"uri": "/", "interval": "1h", "follow_redirects": true});
        let proxy = Proxy::new(config(&upstream, active)).await;
        let mut wire = upstream.accept().await;
        for length in [0, 5] {
            wire.head().await;
            let head = format!("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: {length}\r\n\r\n");
            wire.send(head + &"x".repeat(length)).await;
        }
        wire.head().await;
        wire.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n").await;
        becomes(&proxy, false).await;
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn a_check_does_not_go_round_in_circles() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let active = json!({"uri": "/", "interval": "1h", "follow_redirects": true});
        let proxy = Proxy::new(config(&upstream, active)).await;
        for _ in 0..=10 {
            let mut wire = upstream.accept().await;
            wire.head().await;
            wire.send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .await;
        }
        becomes(&proxy, false).await;
    });
}
