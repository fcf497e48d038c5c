//! HTTPS with the internal authority, from a Caddyfile to the answer.

use bytes::Bytes;
use caddis_tests::{Server, client};
use rustls::{
    SupportedCipherSuite, SupportedProtocolVersion,
    crypto::aws_lc_rs::default_provider,
    version::{TLS12, TLS13},
};
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

/// As in Go: the server's order, in which AES with 128 bits is first where processors know AES, but not for clients that do not.
#[tokio::test]
async fn the_server_picks_the_cipher_unless_the_client_has_no_aes() {
    let server = Server::start(SITE).await;
    let picked = async |order: [&str; 3], version: &'static SupportedProtocolVersion| {
        let mut provider = default_provider();
        provider.cipher_suites.retain(|suite| suite.version().version == version.version);
        let rank = |suite: &SupportedCipherSuite| {
            let name = format!("{:?}", suite.suite());
            order.iter().position(|cipher| name.contains(cipher)).unwrap()
        };
        provider.cipher_suites.sort_by_key(rank);
        let stream = client::connect_tls_with(server.address(":0"), "a.localhost", provider).await.unwrap();
        rank(&stream.get_ref().1.negotiated_cipher_suite().unwrap())
    };
    let (aes_128, aes_256, chacha) = ("AES_128", "AES_256", "CHACHA20");
    for version in [&TLS12, &TLS13] {
        assert_eq!(picked([chacha, aes_128, aes_256], version).await, 0);
        assert_ne!(picked([aes_256, aes_128, chacha], version).await, 0);
        assert_ne!(picked([aes_256, chacha, aes_128], version).await, 0);
    }
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
