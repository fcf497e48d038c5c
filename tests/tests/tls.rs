//! HTTPS with the internal authority, from a Caddyfile to the answer.

use bytes::Bytes;
use caddis_tests::{Server, client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SITE: &str = "{\n\tauto_https disable_redirects\n}\nhttps://a.localhost:0 {\n\trespond \"over {http.request.tls.version}\"\n}\n";

#[tokio::test]
async fn a_local_site_has_https_without_being_asked() {
    let server = Server::start(SITE).await;
    let request = client::request("GET", "a.localhost", "/").body(Bytes::new()).unwrap();
    let answer = client::send_tls(server.address(":0"), request).await;
    assert_eq!(answer.text(), "over tls1.3");
    assert!(server.folder.join("data/pki/authorities/local/root.crt").exists());
}

#[tokio::test]
async fn who_forgets_tls_is_told() {
    let server = Server::start(SITE).await;
    let mut stream = TcpStream::connect(server.address(":0")).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"), "{answer}");
}

#[tokio::test]
async fn the_admin_api_shows_the_authority() {
    let server = Server::start(SITE).await;
    let admin = server.control.admin_address().unwrap();
    let host = admin.to_string();
    let answer = client::get(admin, &host, "/pki/ca/local").await;
    assert_eq!((answer.status.as_u16(), answer.json()["id"].as_str()), (200, Some("local")));
    let chain = client::get(admin, &host, "/pki/ca/local/certificates").await;
    assert_eq!(chain.text().matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(chain.header("content-type"), "application/pem-certificate-chain");
    assert_eq!(client::get(admin, &host, "/pki/ca/other").await.status, 404);
}

#[tokio::test]
async fn a_public_site_says_what_it_needs() {
    let server = Server::idle();
    let error = server.load("a.example.com {\n\trespond hi\n}\n").await.unwrap_err().to_string();
    assert!(error.contains("a.example.com") && error.contains("`tls internal`"), "{error}");
}
