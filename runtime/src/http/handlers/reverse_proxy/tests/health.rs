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
