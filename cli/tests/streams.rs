//! `streams`: what it shows of a running server, and what it closes.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::scene::{Scene, assert_has};

/// Switches protocols on one connection and sends everything back.
fn upstream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        skip_head(&mut stream);
        stream.write_all(b"HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").unwrap();
        let mut echo = stream.try_clone().unwrap();
        // The stream is cut at the end of the test.
        let _ = std::io::copy(&mut stream, &mut echo);
    });
    address
}

fn skip_head(stream: &mut impl Read) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
}

#[test]
fn streams_are_shown_and_drained() {
    let upstream = upstream();
    let scene = Scene::with(&format!(
        "{{\n\tadmin unix/admin.sock\n}}\n\nhttp://:0 {{\n\tbind 127.0.0.1\n\treverse_proxy {upstream}\n}}\n"
    ));
    let mut server = scene.serve(&["run"]);
    let mut client = TcpStream::connect(server.address()).unwrap();
    client
        .write_all(b"GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhi")
        .unwrap();
    skip_head(&mut client);
    let mut echoed = [0; 2];
    client.read_exact(&mut echoed).unwrap();
    let shown = scene.run(&["streams", "--config", "Caddyfile"]);
    assert_has(
        shown.success(),
        &["UPSTREAM", &upstream, "127.0.0.1", "a.example/chat", "2 B", "1 streams, 2 B to upstreams"],
    );
    let none = scene.run(&["streams", "--address", "unix/admin.sock", "--upstream", "other:1"]);
    assert_has(none.success(), &["0 streams"]);
    let drained = scene.run(&[
        "streams",
        "--address",
        "unix/admin.sock",
        "--upstream",
        &upstream,
        "--drain",
        "--over",
        "0s",
    ]);
    assert_has(drained.success(), &["1 streams are being closed"]);
    assert_eq!(client.read(&mut echoed).unwrap(), 0);
}

#[test]
fn without_a_server_there_is_nothing_to_show() {
    let scene = Scene::new();
    assert_has(
        scene.run(&["streams", "--address", "unix/nobody.sock"]).failure(),
        &["nobody.sock", "is a server running there?"],
    );
}
