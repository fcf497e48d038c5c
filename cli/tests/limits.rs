//! What the system allows: servers take what they may, and live with less.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use crate::scene::{Scene, get_tcp};

const RESPOND: [&str; 4] = ["respond", "--listen", "127.0.0.1:0", "hello"];

fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").unwrap();
    let mut answer = String::new();
    while !answer.ends_with("hello") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "ended after {answer:?}");
        answer.push(char::from(byte[0]));
    }
    answer
}

fn seconds(line: &str) -> f64 {
    let (_, rest) = line.split_once("\"ts\":").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

#[test]
fn a_server_without_descriptors_goes_on_with_what_it_has() {
    let shards = thread::available_parallelism().unwrap().get();
    let limit = 64 + 12 * shards;
    let scene = Scene::new();
    let mut server = scene.serve_limited(&format!("-n {limit}"), &RESPOND);
    let address = server.address();
    let mut first = TcpStream::connect(&address).unwrap();
    ask(&mut first);
    let many: Vec<TcpStream> = (0..limit).map(|_| TcpStream::connect(&address).unwrap()).collect();
    // A shard that finds nothing pauses for a tenth of a second: of so many lines, one says at least four.
    let lines: Vec<f64> =
        (0..=3 * shards).map(|_| seconds(&server.wait_for("cannot accept connections"))).collect();
    assert!(lines[lines.len() - 1] - lines[0] > 0.29, "{lines:?}");
    ask(&mut first);
    drop(many);
    assert_eq!(get_tcp(&address, "/"), (200, "hello".into()));
}

#[test]
fn a_server_takes_all_descriptors_that_it_may() {
    let server = Scene::new().serve_limited("-S -n 100", &RESPOND);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut numbers = files.split_whitespace().skip(3);
    assert_eq!(numbers.next(), numbers.next(), "{files}");
}
