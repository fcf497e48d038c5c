use serde_json::{Value, json};

use super::scene::{Head, Proxy, Upstream, Wire, build_in, on_a_shard, process};
use crate::build::Build;

/// The client's view of one response of the upstream.
async fn answered(proxy: &Proxy, upstream: &Upstream, response: &str) -> (Head, Wire) {
    let mut client = proxy.get().await;
    let mut wire = upstream.accept().await;
    wire.head().await;
    wire.send(response).await;
    (client.head().await, client)
}

fn config(upstream: &Upstream, handle_response: Value) -> Value {
    let mut config = upstream.proxy();
    config["handle_response"] = handle_response;
    config
}

const SECRET: &str = "HTTP/1.1 200 OK\r\nX-Accel: secret\r\nX-Other: 1\r\nContent-Length: 6\r\n\r\nsecret";

#[test]
fn routes_answer_in_place_of_the_upstream() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let answer = json!({"handler": "static_response", "status_code": 203,
            "body": "{http.reverse_proxy.status_code} {http.reverse_proxy.header.X-Accel}"});
        let handlers = json!([{"match": {"headers": {"X-Accel": ["*"]}}, "routes": [{"handle": [answer]}]}]);
        let proxy = Proxy::new(config(&upstream, handlers)).await;
        let (head, mut client) = answered(&proxy, &upstream, SECRET).await;
        assert_eq!(head.line(), "HTTP/1.1 203 Non Authoritative Information");
        assert_eq!(client.read(10).await, "200 secret");
        let (head, _) = answered(&proxy, &upstream, "HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(head.line(), "HTTP/1.1 204 No Content");
    });
}

#[test]
fn routes_may_copy_the_response() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let copy = json!([{"handle": [{"handler": "copy_response", "status_code": "404"}]}]);
        let proxy = Proxy::new(config(&upstream, json!([{"routes": copy}]))).await;
        let (head, mut client) = answered(&proxy, &upstream, SECRET).await;
        assert_eq!(head.line(), "HTTP/1.1 404 Not Found");
        assert_eq!(head.get("x-accel").unwrap(), "secret");
        assert_eq!(head.get("via").unwrap(), "1.1 Caddis");
        assert_eq!(client.read(6).await, "secret");
    });
}

#[test]
fn routes_may_take_over_some_fields() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let copy = json!([{"handle": [
            {"handler": "copy_response_headers", "include": ["x-accel"]},
            {"handler": "static_response", "body": "own"},
        ]}]);
        let proxy = Proxy::new(config(&upstream, json!([{"routes": copy}]))).await;
        let (head, mut client) = answered(&proxy, &upstream, SECRET).await;
        assert_eq!((head.get("x-accel").as_deref(), head.get("x-other")), (Some("secret"), None));
        assert_eq!(client.read(3).await, "own");
    });
}

#[test]
fn what_no_route_answers_goes_on_after_the_proxy() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(config(&upstream, json!([{"routes": []}]))).await;
        let (head, _) = answered(&proxy, &upstream, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(head.line(), "HTTP/1.1 200 OK", "nothing follows the proxy in this test");
    });
}

#[test]
fn a_status_can_be_replaced() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let handlers = json!([{"match": {"status_code": [2]}, "status_code": 418}, {"status_code": 500}]);
        let proxy = Proxy::new(config(&upstream, handlers)).await;
        let (head, mut client) = answered(&proxy, &upstream, SECRET).await;
        assert!(head.line().starts_with("HTTP/1.1 418 "));
        assert_eq!(client.read(6).await, "secret");
    });
}

#[test]
fn copying_needs_a_response() {
    let mut cx = Build::new(process());
    let unknown = json!({"upstreams": [{"dial": "a:1"}], "handle_response": [{"routes": [{"handle": [
        {"handler": "copy_response_headers", "include": ["a"], "exclude": ["b"]}]}]}]});
    let Err(error) = build_in(&mut cx, unknown) else { panic!("include and exclude exclude each other") };
    assert_eq!(error.path, "/handle_response/0/routes/0/handle/0");
}
