//! Interim responses on their way through a whole server.

use caddis_tests::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

async fn head(stream: &mut TcpStream) -> String {
    let mut read = String::new();
    while !read.ends_with("\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap().into());
    }
    read.to_ascii_lowercase()
}

#[tokio::test]
async fn early_hints_overtake_the_response_and_take_nothing_from_it() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = upstream.local_addr().unwrap();
    let server = Server::start(&format!(
        "{{\n\tadmin off\n}}\nhttp://127.0.0.1:0 {{\n\theader X-Site set\n\tencode\n\treverse_proxy {address}\n}}\n"
    ))
    .await;
    let mut client = TcpStream::connect(server.address(":0")).await.unwrap();
    for _ in 0..2 {
        client.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
        let mut wire = upstream.accept().await.unwrap().0;
        head(&mut wire).await;
        wire.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n").await.unwrap();
        assert_eq!(head(&mut client).await, "http/1.1 103 early hints\r\nlink: </a.css>\r\n\r\n");
        wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").await.unwrap();
        let response = head(&mut client).await;
        assert!(response.starts_with("http/1.1 200 ok\r\n"), "{response}");
        assert!(response.contains("x-site: set\r\n") && !response.contains("link:"), "{response}");
        assert_eq!(client.read_u16().await.unwrap().to_be_bytes(), *b"ok");
    }
}
