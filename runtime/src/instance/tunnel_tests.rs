//! Tunnels beside the configurations that come and go, and beside the limits of connections.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use serde_json::{Value, json};

use crate::testing::server::{Server, wait_for};

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

fn head(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "ended after {:?}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// An upstream that echoes on every connection after an upgrade.
fn echoing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                head(&mut stream);
                stream.write_all(SWITCHED.as_bytes()).unwrap();
                let mut data = [0; 4];
                while stream.read_exact(&mut data).is_ok() && stream.write_all(&data).is_ok() {}
            });
        }
    });
    address
}

fn config(upstream: &str, revision: usize, limits: &Value) -> Value {
    let mut server = json!({
        "listen": ["127.0.0.1:0"],
        "routes": [
            {"handle": [{"handler": "vars", "revision": revision.to_string()}]},
            {"handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": upstream}],
                "transport": {"protocol": "http", "read_timeout": "1ms", "write_timeout": "1ms"}}]},
        ],
    });
    for (name, value) in limits.as_object().unwrap() {
        server[name] = value.clone();
    }
    json!({"admin": {"disabled": true}, "apps": {"http": {"servers": {"s": server}}}})
}

fn open(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(UPGRADE.as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 101 "));
    stream
}

fn echo(stream: &mut TcpStream) {
    let mut data = [0; 4];
    stream.write_all(b"echo").unwrap();
    stream.read_exact(&mut data).unwrap();
    assert_eq!(data, *b"echo");
}

#[test]
fn nothing_of_a_replaced_configuration_stays_while_its_tunnels_live() {
    let upstream = echoing();
    let server = Server::start(config(&upstream, 0, &json!({})));
    let mut tunnels = vec![open(&server)];
    for revision in 1..4 {
        let old: Vec<_> = server
            .0
            .with_instance(|instance| instance.unwrap().servers().iter().map(Arc::downgrade).collect());
        server.load(config(&upstream, revision, &json!({})));
        wait_for("the old server is dropped", || old.iter().all(|old| old.strong_count() == 0).then_some(()));
        tunnels.iter_mut().for_each(echo);
        tunnels.push(open(&server));
    }
    tunnels.iter_mut().for_each(echo);
    assert_eq!(server.0.process().tunnels.count(), 4);
}

#[test]
fn limits_of_idle_connections_leave_tunnels_alone() {
    let limits = json!({"idle_timeout": "20ms", "read_timeout": "20ms", "read_header_timeout": "20ms",
        "write_timeout": "20ms"});
    let server = Server::start(config(&echoing(), 0, &limits));
    let mut tunnel = open(&server);
    // Connections without a request are closed one after the other: so much time has gone by.
    for _ in 0..3 {
        assert_eq!(server.connect().read(&mut [0]).unwrap(), 0);
    }
    echo(&mut tunnel);
}
