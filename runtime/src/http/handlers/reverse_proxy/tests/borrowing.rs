//! Connections of one shard that requests of others use.

use std::{
    cell::Cell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use serde_json::{Value, json};

use super::{
    scene::{Sharded, Upstream, Wire, on_a_shard},
    streams,
    transports::{Seen, serve_h2},
};

const SHARDS: usize = 4;
const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn with(upstream: &Upstream, transport: Value) -> Value {
    let mut config = upstream.proxy();
    config["transport"] = transport;
    config["transport"]["protocol"] = json!("http");
    config
}

/// A proxy whose first shard has the only connection, which waits.
async fn lending(upstream: &Upstream, config: Value) -> (Sharded, Wire) {
    let proxy = Sharded::new(SHARDS, config).await;
    let mut client = proxy.get(0).await;
    let mut wire = upstream.accept().await;
    answer(&mut wire).await;
    ended(&mut client).await;
    (proxy, wire)
}

/// Takes a request without a body.
async fn answer(wire: &mut Wire) {
    wire.head().await;
    wire.send(EMPTY).await;
}

async fn ended(client: &mut Wire) {
    assert_eq!(client.head().await.line(), "HTTP/1.1 200 OK");
}

/// What an upstream has seen that answers requests on all connections.
#[derive(Clone, Default)]
struct Served {
    opened: Arc<AtomicUsize>,
    /// Requests that were under way at once.
    most: Arc<AtomicUsize>,
}

fn serve(upstream: Upstream) -> Served {
    let served = Served::default();
    let (seen, now) = (served.clone(), Rc::new(Cell::new(0)));
    tokio::task::spawn_local(async move {
        loop {
            let mut wire = upstream.accept().await;
            seen.opened.fetch_add(1, Relaxed);
            let (seen, now) = (seen.clone(), Rc::clone(&now));
            tokio::task::spawn_local(async move {
                while wire.0.peek(&mut [0]).await.is_ok_and(|read| read > 0) {
                    now.set(now.get() + 1);
                    seen.most.fetch_max(now.get(), Relaxed);
                    wire.head().await;
                    // Others come if they may.
                    tokio::task::yield_now().await;
                    now.set(now.get() - 1);
                    wire.send(EMPTY).await;
                }
            });
        }
    });
    served
}

#[test]
fn a_few_requests_need_one_connection() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        for number in 0..4 * SHARDS {
            let mut client = proxy.get(number % SHARDS).await;
            answer(&mut wire).await;
            ended(&mut client).await;
        }
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn a_shard_with_many_requests_opens_its_own_connection() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let config = upstream.proxy();
        let Served { opened, .. } = serve(upstream);
        let proxy = Sharded::new(2, config).await;
        ended(&mut proxy.get(0).await).await;
        // More than it may borrow within a second, on any machine that can run this.
        while opened.load(Relaxed) == 1 {
            ended(&mut proxy.get(1).await).await;
        }
        for _ in 0..50 {
            ended(&mut proxy.get(0).await).await;
            ended(&mut proxy.get(1).await).await;
        }
        assert_eq!(opened.load(Relaxed), 2, "each has what it needs");
    });
}

#[test]
fn a_connection_in_use_is_not_waited_for() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        let mut first = proxy.get(0).await;
        wire.head().await;
        let mut second = proxy.get(1).await;
        answer(&mut upstream.accept().await).await;
        ended(&mut second).await;
        wire.send(EMPTY).await;
        ended(&mut first).await;
    });
}

#[test]
fn bodies_pass_both_ways() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        let body = "0123456789".repeat(100_000);
        let length = body.len();
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        for shard in 1..SHARDS {
            let mut client = proxy.send(shard, &request).await;
            let sending = async {
                client.send(&body).await;
                assert_eq!(client.head().await.get("content-length"), Some(length.to_string()));
                assert!(client.read(length).await == body);
            };
            let answering = async {
                assert_eq!(wire.head().await.get("content-length"), Some(length.to_string()));
                assert!(wire.read(length).await == body);
                wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")).await;
                wire.send(&body).await;
            };
            tokio::join!(sending, answering);
        }
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = proxy.send(1, chunked).await;
        wire.head().await;
        for chunk in ["1\r\na\r\n", "1\r\nb\r\n", "0\r\n\r\n"] {
            client.send(chunk).await;
            assert_eq!(wire.read(chunk.len()).await, chunk);
        }
        wire.send(EMPTY).await;
        ended(&mut client).await;
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn interim_responses_come_before_the_answer() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        let mut client = proxy.get(1).await;
        wire.head().await;
        wire.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").await;
        let hints = client.head().await;
        assert_eq!((hints.line(), hints.get("link").as_deref()), ("HTTP/1.1 103 Early Hints", Some("</a>")));
        wire.send(format!("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n{EMPTY}")).await;
        assert_eq!(client.head().await.get("link").unwrap(), "</b>");
        ended(&mut client).await;
    });
}

#[test]
fn a_body_waits_for_an_upstream_that_is_to_want_it() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let config = with(&upstream, json!({"expect_continue_timeout": "1h"}));
        let (proxy, mut wire) = lending(&upstream, config).await;
        let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody";
        let mut client = proxy.send(1, request).await;
        wire.head().await;
        wire.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(wire.read(4).await, "body");
        wire.send(EMPTY).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 100 Continue");
        ended(&mut client).await;
    });
}

#[test]
fn an_upstream_that_closes_meanwhile_loses_no_request() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, wire) = lending(&upstream, upstream.proxy()).await;
        // Whether it is still lent or not is a matter of luck; the answer is the same.
        drop(wire);
        let mut client = proxy.get(1).await;
        let mut wire = upstream.accept().await;
        answer(&mut wire).await;
        ended(&mut client).await;
        // It closes in place of an answer.
        let mut client = proxy.get(2).await;
        wire.head().await;
        drop(wire);
        let mut wire = upstream.accept().await;
        answer(&mut wire).await;
        ended(&mut client).await;
        // What is not idempotent is not sent twice.
        let mut client = proxy.send(3, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").await;
        wire.head().await;
        drop(wire);
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn a_client_that_leaves_takes_the_connection_with_it() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        let client = proxy.get(1).await;
        wire.head().await;
        drop(client);
        assert_eq!(wire.rest().await, b"");
        // The same in the middle of an answer.
        let mut client = proxy.get(0).await;
        let mut wire = upstream.accept().await;
        answer(&mut wire).await;
        ended(&mut client).await;
        let mut client = proxy.get(2).await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
        ended(&mut client).await;
        drop(client);
        assert_eq!(wire.rest().await, b"");
    });
}

#[test]
fn an_answer_that_breaks_off_is_cut_for_the_client_too() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        let mut client = proxy.get(1).await;
        wire.head().await;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
        ended(&mut client).await;
        drop(wire);
        assert_eq!(client.rest().await, b"half");
    });
}

#[test]
fn a_time_limit_of_heads_counts_for_borrowed_connections() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let config = with(&upstream, json!({"response_header_timeout": "20ms"}));
        let proxy = Sharded::new(SHARDS, config).await;
        let mut client = proxy.get(0).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send(EMPTY).await;
        // A slow machine may have been too late; then nothing waits that could be borrowed.
        client.head().await;
        let mut client = proxy.get(1).await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 504 Gateway Timeout");
    });
}

#[test]
fn requests_of_all_shards_share_a_connection_of_http_2() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Sharded::new(SHARDS, with(&upstream, json!({"versions": ["h2c", "2"]}))).await;
        let seen = Seen::default();
        let mut client = proxy.get(0).await;
        serve_h2(upstream.accept().await.0, &seen);
        for shard in 1..=SHARDS {
            let response = client.head().await;
            assert_eq!(response.get("via").as_deref(), Some("2.0 Caddis"));
            assert_eq!(client.read(5).await, "hello");
            client = proxy.get(shard % SHARDS).await;
        }
        ended(&mut client).await;
        assert_eq!(seen.lock().unwrap().len(), SHARDS + 1);
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn interim_responses_of_http_2_cross_over_too() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Sharded::new(SHARDS, with(&upstream, json!({"versions": ["h2c", "2"]}))).await;
        let mut client = proxy.get(0).await;
        let mut connection = streams::Connection::accept(&upstream).await;
        streams::answer(connection.next().await.1, "ok");
        ended(&mut client).await;
        let mut client = proxy.get(1).await;
        let (_, mut respond) = connection.next().await;
        respond.send_informational(streams::head(103)).unwrap();
        assert_eq!(client.head().await.line(), "HTTP/1.1 103 Early Hints", "at once");
        respond.send_informational(streams::head(102)).unwrap();
        streams::answer(respond, "ok");
        assert_eq!(client.head().await.line(), "HTTP/1.1 102 Processing");
        ended(&mut client).await;
        assert!(upstream.is_alone().await);
    });
}

#[test]
fn upgrades_do_not_borrow() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let (proxy, mut wire) = lending(&upstream, upstream.proxy()).await;
        let upgrade = "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n";
        let mut stream = proxy.send(1, &format!("GET / HTTP/1.1\r\nHost: a\r\n{upgrade}")).await;
        let mut other = upstream.accept().await;
        other.head().await;
        other.send(format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}")).await;
        stream.head().await;
        let mut client = proxy.get(2).await;
        answer(&mut wire).await;
        ended(&mut client).await;
    });
}

#[test]
fn a_limit_of_connections_counts_those_of_all_shards() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let config = with(&upstream, json!({"max_conns_per_host": 1}));
        let served = serve(upstream);
        let proxy = Sharded::new(SHARDS, config).await;
        for _ in 0..20 {
            let client = async |shard| ended(&mut proxy.get(shard).await).await;
            tokio::join!(client(0), client(1), client(2), client(3));
        }
        assert_eq!(served.most.load(Relaxed), 1);
    });
}

#[test]
fn limits_of_what_waits_count_all_shards() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        for limit in ["max_idle_conns_per_host", "max_idle_conns"] {
            let proxy = Sharded::new(SHARDS, with(&upstream, json!({"keep_alive": {limit: 1}}))).await;
            let (mut first, mut one) = (proxy.get(0).await, upstream.accept().await);
            one.head().await;
            let (mut second, mut two) = (proxy.get(1).await, upstream.accept().await);
            two.head().await;
            one.send(EMPTY).await;
            ended(&mut first).await;
            two.send(EMPTY).await;
            ended(&mut second).await;
            assert_eq!(two.rest().await, b"", "{limit}");
            let mut client = proxy.get(2).await;
            answer(&mut one).await;
            ended(&mut client).await;
            assert!(upstream.is_alone().await);
        }
    });
}
