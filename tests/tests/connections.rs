//! How many connections upstreams get, and for how long.

use caddis_tests::{Origin, Server, client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Takes the next request on a connection and answers it.
async fn answer(wire: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.unwrap());
    }
    wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
}

/// The kernel decides which of the shards a client gets to.
#[tokio::test]
async fn a_few_requests_do_not_take_a_connection_for_each_core() {
    let origin = Origin::start("o").await;
    let site = format!("http://127.0.0.1:0 {{\n\treverse_proxy {}\n}}\n", origin.address);
    let server = Server::start_on(4, &site).await;
    for _ in 0..16 {
        assert_eq!(client::get(server.address(":0"), "127.0.0.1", "/").await.json()["origin"], "o");
    }
    // A shard that is kept from answering for long is not waited for.
    assert!(origin.opened() <= 2, "{} connections", origin.opened());
}

#[tokio::test]
async fn a_reload_closes_what_waits_for_a_transport_that_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = |options: &str, dial_timeout: u8| {
        let transport = format!("transport http {{\n\t\t\tdial_timeout {dial_timeout}s\n\t\t}}");
        let address = listener.local_addr().unwrap();
        format!(
            "http://127.0.0.1:0 {{\n\t{options}\n\treverse_proxy {address} {{\n\t\t{transport}\n\t}}\n}}\n"
        )
    };
    let server = Server::start_on(1, &site("", 4)).await;
    let address = server.address(":0");
    let (_, mut wire) = tokio::join!(client::get(address, "127.0.0.1", "/"), async {
        let mut wire = listener.accept().await.unwrap().0;
        answer(&mut wire).await;
        wire
    });
    server.load(&site("header X-Other yes", 4)).await.unwrap();
    let (response, ()) = tokio::join!(client::get(address, "127.0.0.1", "/"), answer(&mut wire));
    assert_eq!(response.header("x-other"), "yes", "on the same connection");
    server.load(&site("", 5)).await.unwrap();
    assert_eq!(wire.read(&mut [0]).await.unwrap(), 0, "it is closed");
}
