use http::request::Parts;
use hyper::{body::Incoming, client::conn::http2, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::scene::{Local, Proxy, Upstream, Wire, on_a_shard};
use crate::http::Body;

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: xyz\r\nKeep-Alive: 1\r\n\r\n";
const TEXT: [u8; 4] = [0x81, 0x02, b'h', b'i'];
const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];

async fn opened(proxy: &Proxy, upstream: &Upstream) -> (Wire, Wire) {
    let mut client = proxy.send(UPGRADE).await;
    let mut wire = upstream.accept().await;
    let request = wire.head().await;
    assert_eq!(request.get("connection").unwrap(), "Upgrade");
    assert_eq!(request.get("upgrade").unwrap(), "websocket");
    assert_eq!(request.get("sec-websocket-key").unwrap(), "AAAAAAAAAAAAAAAAAAAAAA==");
    wire.send(SWITCHED).await;
    let response = client.head().await;
    assert_eq!(response.line(), "HTTP/1.1 101 Switching Protocols");
    assert_eq!(response.get("upgrade").unwrap(), "websocket");
    assert_eq!(response.get("sec-websocket-accept").unwrap(), "xyz");
    assert_eq!(response.get("keep-alive"), None);
    (client, wire)
}

async fn echo(client: &mut Wire, wire: &mut Wire) {
    client.send(TEXT).await;
    assert_eq!(wire.bytes(4).await, TEXT);
    wire.send(TEXT).await;
    assert_eq!(client.bytes(4).await, TEXT);
}

#[test]
fn a_stream_echoes_and_counts() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let (mut client, mut wire) = opened(&proxy, &upstream).await;
        echo(&mut client, &mut wire).await;
        assert_eq!(proxy.process.hosts.all()[0].requests(), 1);
        assert_eq!(proxy.process.tunnels.count(), 1);
        drop(client);
        assert_eq!(wire.rest().await, b"");
        drop(wire);
        proxy.process.tunnels.drained().await;
        assert_eq!(proxy.process.hosts.all()[0].requests(), 0);
        let statistics = &proxy.process.tunnels.statistics()[&*upstream.address];
        assert_eq!((statistics.to_upstream, statistics.from_upstream), (4, 4));
    });
}

#[test]
fn early_bytes_of_both_sides_come_first() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client = proxy.send(&format!("{UPGRADE}early")).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send(format!("{SWITCHED}first")).await;
        client.head().await;
        assert_eq!(client.read(5).await, "first");
        assert_eq!(wire.read(5).await, "early");
    });
}

#[test]
fn a_switch_to_something_else_is_a_bad_gateway() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client = proxy.send(UPGRADE).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 502 Bad Gateway");
        assert_eq!(wire.rest().await, b"");
        assert_eq!(proxy.process.tunnels.count(), 0);
    });
}

#[test]
fn a_refused_upgrade_is_an_answer() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let mut client = proxy.send(UPGRADE).await;
        let mut wire = upstream.accept().await;
        wire.head().await;
        wire.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").await;
        assert_eq!(client.head().await.line(), "HTTP/1.1 403 Forbidden");
        assert_eq!(client.read(2).await, "no");
    });
}

#[test]
fn reloads_are_decided_by_what_is_configured() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let before = Proxy::new(upstream.proxy()).await;
        let (mut client, mut wire) = opened(&before, &upstream).await;
        let unchanged = Proxy::in_process(before.process.clone(), upstream.proxy()).await;
        before.process.tunnels.reconcile(&unchanged.live);
        echo(&mut client, &mut wire).await;
        let mut config = upstream.proxy();
        config["headers"] = json!({"request": {"set": {"X-Revision": ["2"]}}});
        let changed = Proxy::in_process(before.process.clone(), config).await;
        before.process.tunnels.reconcile(&changed.live);
        assert_eq!(client.bytes(4).await, GOING_AWAY);
    });
}

#[test]
fn a_detached_stream_stays_with_its_upstream() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["stream_detached"] = json!(true);
        let before = Proxy::new(config.clone()).await;
        let (mut client, mut wire) = opened(&before, &upstream).await;
        for revision in ["2", "3"] {
            config["headers"] = json!({"request": {"set": {"X-Revision": [revision]}}});
            let next = Proxy::in_process(before.process.clone(), config.clone()).await;
            before.process.tunnels.reconcile(&next.live);
            echo(&mut client, &mut wire).await;
        }
        let other =
            Proxy::in_process(before.process.clone(), json!({"upstreams": [{"dial": "other:1"}]})).await;
        before.process.tunnels.reconcile(&other.live);
        client.send([0x88, 0x80, 0, 0, 0, 0]).await;
        wire.send([0x88, 0x00]).await;
        assert_eq!(client.rest().await, GOING_AWAY);
        assert_eq!(wire.rest().await.len(), 8);
    });
}

/// RFC 8441: the client's stream of HTTP/2 becomes an upgrade that any upstream understands.
#[test]
fn a_websocket_on_http_2_reaches_an_http_1_upstream() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let proxy = Proxy::new(upstream.proxy()).await;
        let socket = TokioIo::new(proxy.connect().await.0);
        let (mut sender, connection) = http2::handshake::<_, _, Body>(Local, socket).await.unwrap();
        tokio::task::spawn_local(async move { drop(connection.await) });
        let mut request = http::Request::connect("http://example.com/chat").version(http::Version::HTTP_2);
        request = request.header("sec-websocket-version", "13");
        request = request.extension(hyper::ext::Protocol::from_static("websocket"));
        sender.ready().await.unwrap();
        let response = sender.send_request(request.body(Body::Empty).unwrap());
        let scripted = async {
            let mut wire = upstream.accept().await;
            let request = wire.head().await;
            assert_eq!(request.line(), "GET /chat HTTP/1.1");
            assert_eq!(request.get("host").unwrap(), "example.com");
            assert_eq!(request.get("connection").unwrap(), "Upgrade");
            assert_eq!(request.get("upgrade").unwrap(), "websocket");
            assert_eq!(request.get("sec-websocket-key").unwrap().len(), 24);
            assert_eq!(request.get("sec-websocket-version").unwrap(), "13");
            wire.send(SWITCHED).await;
            wire
        };
        let (response, mut wire) = tokio::join!(response, scripted);
        let response = response.unwrap();
        assert_eq!(response.status(), 200);
        assert!(!response.headers().contains_key("sec-websocket-accept"));
        let mut client = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        client.write_all(&TEXT).await.unwrap();
        assert_eq!(wire.bytes(4).await, TEXT);
        wire.send(TEXT).await;
        let mut data = [0; 4];
        client.read_exact(&mut data).await.unwrap();
        assert_eq!(data, TEXT);
        proxy.process.tunnels.close_all();
        client.read_exact(&mut data).await.unwrap();
        assert_eq!(data, GOING_AWAY);
    });
}

/// An upstream of HTTP/2 that echoes on WebSockets if it `offers` them, and says what it was asked for.
fn serve_h2(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    offers: bool,
) -> mpsc::UnboundedReceiver<Parts> {
    let (sender, seen) = mpsc::unbounded_channel();
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        let (upgrade, sender) = (hyper::upgrade::on(&mut request), sender.clone());
        async move {
            let connect = request.method() == http::Method::CONNECT;
            sender.send(request.into_parts().0).unwrap();
            if connect {
                tokio::task::spawn_local(async move {
                    let mut stream = TokioIo::new(upgrade.await.unwrap());
                    let mut data = [0; 4];
                    while stream.read_exact(&mut data).await.is_ok() {
                        stream.write_all(&data).await.unwrap();
                    }
                });
            }
            Ok::<_, std::convert::Infallible>(http::Response::new(Body::Empty))
        }
    });
    tokio::task::spawn_local(async move {
        let mut engine = hyper::server::conn::http2::Builder::new(Local);
        if offers {
            engine.enable_connect_protocol();
        }
        drop(engine.serve_connection(TokioIo::new(stream), service).await);
    });
    seen
}

/// RFC 8441 towards the upstream: one connection carries requests and WebSockets.
#[test]
fn a_websocket_becomes_a_stream_of_http_2_where_that_is_offered() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "versions": ["h2c", "2"]});
        let proxy = Proxy::new(config).await;
        let mut first = proxy.send(UPGRADE).await;
        let mut seen = serve_h2(upstream.accept().await.0, true);
        let asked = seen.recv().await.unwrap();
        assert_eq!(asked.method, http::Method::CONNECT);
        assert_eq!(asked.uri, "http://example.com/chat");
        assert_eq!(asked.extensions.get::<hyper::ext::Protocol>().unwrap().as_str(), "websocket");
        for gone in ["sec-websocket-key", "connection", "upgrade"] {
            assert!(!asked.headers.contains_key(gone), "{gone}");
        }
        let response = first.head().await;
        assert_eq!(response.line(), "HTTP/1.1 101 Switching Protocols");
        assert_eq!(response.get("upgrade").unwrap(), "websocket");
        // The answer of RFC 6455 to the key.
        assert_eq!(response.get("sec-websocket-accept").unwrap(), "ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
        let mut second = proxy.send(UPGRADE).await;
        second.head().await;
        for client in [&mut first, &mut second] {
            client.send(TEXT).await;
            assert_eq!(client.bytes(4).await, TEXT);
        }
        assert!(upstream.is_alone().await, "both are on one connection");
        assert_eq!(proxy.get().await.head().await.line(), "HTTP/1.1 200 OK", "and so are requests");
        assert!(upstream.is_alone().await);
        assert_eq!(proxy.host().requests(), 2);
        proxy.process.tunnels.close_all();
        assert_eq!(first.bytes(4).await, GOING_AWAY);
    });
}

#[test]
fn without_the_offer_it_is_an_upgrade_of_http_1() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "versions": ["h2c", "1.1"]});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.send(UPGRADE).await;
        let mut seen = serve_h2(upstream.accept().await.0, false);
        for _ in 0..2 {
            let mut wire = upstream.accept().await;
            assert_eq!(wire.head().await.line(), "GET /chat HTTP/1.1");
            wire.send(SWITCHED).await;
            client.head().await;
            echo(&mut client, &mut wire).await;
            // What was found out is remembered.
            client = proxy.send(UPGRADE).await;
        }
        assert!(seen.try_recv().is_err(), "nothing was asked in vain");
    });
}

#[test]
fn what_is_no_websocket_takes_http_1() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "versions": ["h2c", "2"]});
        let proxy = Proxy::new(config).await;
        let _client = proxy.send(&UPGRADE.replace("websocket", "other")).await;
        assert_eq!(upstream.accept().await.head().await.get("upgrade").unwrap(), "other");
    });
}

#[test]
fn a_refused_stream_is_an_answer_too() {
    on_a_shard(async {
        let upstream = Upstream::new().await;
        let mut config = upstream.proxy();
        config["transport"] = json!({"protocol": "http", "versions": ["h2c", "2"]});
        let proxy = Proxy::new(config).await;
        let mut client = proxy.send(UPGRADE).await;
        let service = service_fn(|_: http::Request<Incoming>| async {
            let mut response = http::Response::new(Body::from("no"));
            *response.status_mut() = http::StatusCode::FORBIDDEN;
            Ok::<_, std::convert::Infallible>(response)
        });
        let socket = TokioIo::new(upstream.accept().await.0);
        tokio::task::spawn_local(async move {
            let mut engine = hyper::server::conn::http2::Builder::new(Local);
            drop(engine.enable_connect_protocol().serve_connection(socket, service).await);
        });
        assert_eq!(client.head().await.line(), "HTTP/1.1 403 Forbidden");
        assert_eq!(client.read(2).await, "no");
        assert_eq!(proxy.process.tunnels.count(), 0);
    });
}
