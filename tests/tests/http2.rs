//! HTTP/2 with clients that others have written, where they are installed: nghttp, h2load and curl.

use std::{net::SocketAddr, process::Stdio};

use caddis_tests::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};

/// What a client prints; `None` if it is not installed.
async fn run(client: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(client).args(arguments).stdin(Stdio::null()).output().await;
    if output.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return None;
    }
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A server of HTTP/2 without TLS.
async fn server(directives: &str) -> (Server, SocketAddr) {
    let options = "admin off\n\tservers {\n\t\tprotocols h1 h2c\n\t}";
    let server =
        Server::start(&format!("{{\n\t{options}\n}}\nhttp://127.0.0.1:0 {{\n\t{directives}\n}}\n")).await;
    let address = server.address(":0");
    (server, address)
}

#[tokio::test]
async fn early_hints_of_upstreams_overtake_the_response() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_server, address) =
        server(&format!("header X-Site set\n\treverse_proxy {}", upstream.local_addr().unwrap())).await;
    tokio::spawn(async move {
        loop {
            let mut wire = upstream.accept().await.unwrap().0;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(wire.read_u8().await.unwrap());
            }
            let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            wire.write_all(format!("{hint}{hint}{response}").as_bytes()).await.unwrap();
        }
    });
    let url = format!("http://{address}/");
    if let Some(text) = run("nghttp", &["-v", "--no-dep", "-n", &url]).await {
        let lines = text.lines().filter(|line| line.contains("recv ("));
        let fields: Vec<_> = lines.filter_map(|line| line.split_once(") ")).map(|(_, field)| field).collect();
        let text = fields.join("\n");
        let hint = ":status: 103\nlink: </a.css>\n";
        let rest = text.strip_prefix(&format!("{hint}{hint}:status: 200\n"));
        assert!(rest.is_some_and(|rest| rest.contains("x-site: set") && !rest.contains("link:")), "{text}");
    }
    if let Some(text) = run("curl", &["-sS", "-i", "--http2-prior-knowledge", &url]).await {
        let heads: Vec<_> = text.lines().filter(|line| line.starts_with("HTTP/2")).map(str::trim).collect();
        assert_eq!(heads, ["HTTP/2 103", "HTTP/2 103", "HTTP/2 200"]);
    }
}

#[tokio::test]
async fn early_hints_of_our_own() {
    let (_server, address) =
        server("header Link </a.css>\n\troute {\n\t\trespond 103\n\t\trespond hello\n\t}").await;
    let url = format!("http://{address}/");
    if let Some(text) = run("curl", &["-sS", "-i", "--http2-prior-knowledge", &url]).await {
        let heads: Vec<_> = text.split("\r\n\r\n").collect();
        assert!(heads[0].starts_with("HTTP/2 103") && heads[0].contains("\r\nlink: </a.css>"), "{text}");
        assert!(heads[1].starts_with("HTTP/2 200") && heads[1].contains("\r\nlink: </a.css>"), "{text}");
        assert_eq!(heads[2], "hello");
    }
}

#[tokio::test]
async fn requests_of_every_kind() {
    let (server, address) = server(
        "handle /no {\n\t\terror 403\n\t}\n\thandle {\n\t\trespond \"{method} {http.request.proto}\"\n\t}",
    )
    .await;
    let url = format!("http://{address}/");
    let curl = ["-sS", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}"];
    if let Some(text) = run("curl", &[&curl[..], &[&url]].concat()).await {
        assert_eq!(text, "GET HTTP/2.0\n2 200");
        let head = run("curl", &["-sS", "--http2-prior-knowledge", "-I", &url]).await.unwrap();
        assert!(head.contains("content-length: 13\r\n") && head.contains("date: "), "{head}");
        let refused = run("curl", &[&curl[..], &[&format!("{url}no")]].concat()).await.unwrap();
        assert_eq!(refused, "\n2 403");
    }
    // An answer before the end of the body stops it, and is no error. Curl takes it for one.
    let file = server.folder.join("upload");
    std::fs::write(&file, vec![b'x'; 3 << 20]).unwrap();
    if let Some(text) = run("nghttp", &["-v", "--no-dep", "-d", file.to_str().unwrap(), &url]).await {
        assert!(text.contains(":status: 200") && text.contains("POST HTTP/2.0"), "{text}");
        assert!(text.contains("recv RST_STREAM") && text.contains("error_code=NO_ERROR"), "{text}");
    }
    let load = ["-n", "500", "-c", "5", "-m", "20", &url];
    if let Some(text) = run("h2load", &load).await {
        assert!(text.contains("500 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
    }
}
