//! What a server says and does with the option on and off.

use caddis_h3::{Code, Settings, message::Protocol, settings::WebTransport};
use caddis_tests::{
    client, http3,
    webtransport::{Client, Ended, Upstream},
};
use http::Request;

use super::{LISTEN, SITE, Scene, Site, URL, dial, echo, logged, serve};

const OFF: Site<'static> = Site { servers: "protocols h1 h2 h3", ..SITE };

#[tokio::test]
async fn w01_on_it_is_offered_in_all_dialects() {
    let scene = Scene::new().await;
    let settings = scene.client.link.settled().await;
    let WebTransport {
        draft02_enabled,
        draft04_max_sessions,
        draft07_max_sessions,
        draft13_max_sessions,
        draft15_enabled,
        ..
    } = settings.webtransport;
    assert!(settings.datagrams && settings.enable_connect_protocol && draft02_enabled && draft15_enabled);
    assert_eq!([draft04_max_sessions, draft07_max_sessions, draft13_max_sessions], [64; 3]);
    let limits = settings.webtransport;
    assert!(limits.initial_max_data >= 1 << 20 && limits.initial_max_streams_bidi >= 100);
    assert!(scene.client.link.quic.max_datagram_size().is_some());
}

#[tokio::test]
async fn w02_off_nothing_is_offered_and_sessions_are_refused() {
    let scene = Scene::of(OFF).await;
    let settings = scene.client.link.settled().await;
    assert_eq!((settings.webtransport, settings.datagrams), (WebTransport::default(), false));
    assert_eq!(scene.client.link.quic.max_datagram_size(), None);
    let refused = scene.client.session(URL).await.unwrap_err();
    assert_eq!(refused.status, 501);
    let line = logged(&scene.server, |line| line["logger"] == "http.log.error").await;
    assert!(line["msg"].as_str().unwrap().contains("enable_webtransport"), "{line}");
}

#[tokio::test]
async fn w03_w05_requests_are_answered_beside_sessions() {
    let site = Site {
        servers: "enable_webtransport\nmax_header_size 4KB",
        before: "respond /plain \"{http.request.proto} {http.request.tls.server_name}\"",
        ..SITE
    };
    let scene = Scene::of(site).await;
    let (near, far) = scene.session().await;
    let client = http3::Client::connect(scene.server.address(LISTEN), "a.localhost").await;
    assert_eq!(client.get("https://a.localhost/plain").await.text(), "HTTP/3.0 a.localhost");
    let large = Request::get("https://a.localhost/plain").header("x-large", "x".repeat(5000));
    assert_eq!(client.send(large.body(()).unwrap()).await.unwrap().status, 431);
    // On the connection of the session, too.
    let plain = Request::get("https://a.localhost/plain").body(()).unwrap();
    assert_eq!(scene.client.fetch(plain).await.text(), "HTTP/3.0 a.localhost");
    echo(&near, &far).await;
}

#[tokio::test]
async fn w04_without_http3_there_is_nothing() {
    let upstream = Upstream::start().await;
    let site = Site { servers: "enable_webtransport\nprotocols h1 h2", before: "respond here", ..SITE };
    let server = serve(site, &[dial(&upstream)]).await;
    let address = server.address(LISTEN);
    let request = client::request("GET", "a.localhost", "/").body(bytes::Bytes::new()).unwrap();
    let answer = client::send_tls(address, request).await;
    assert_eq!((answer.text().as_str(), answer.header("alt-svc")), ("here", ""));
    // Nobody listens on UDP.
    std::net::UdpSocket::bind(address).unwrap();
}

/// B4: other versions are told of HTTP/3 as ever.
#[tokio::test]
async fn b04_other_versions_are_told_of_http3() {
    let scene = Scene::of(Site { before: "respond here", ..SITE }).await;
    let address = scene.server.address(LISTEN);
    let request = client::request("GET", "a.localhost", "/").body(bytes::Bytes::new()).unwrap();
    let answer = client::send_tls(address, request).await;
    assert_eq!(answer.header("alt-svc"), format!("h3=\":{}\"; ma=2592000", address.port()));
}

/// W-06, W-07, L9: no listener has to be opened anew for it.
#[tokio::test]
async fn w06_w07_l09_a_reload_turns_it_on_and_off() {
    let scene = Scene::of(OFF).await;
    assert_eq!(scene.client.session(URL).await.unwrap_err().status, 501);
    scene.reload(SITE).await;
    // Those who came before are asked to come again.
    scene.client.link.quic.closed().await;
    let address = scene.server.address(LISTEN);
    let client = Client::connect(address, "a.localhost").await;
    let (near, far) = super::session(&client, &scene.upstream).await;
    scene.reload(OFF).await;
    client.link.goaway().await;
    echo(&near, &far).await;
    let after = Client::connect(address, "a.localhost").await;
    assert_eq!(after.link.settled().await.webtransport, WebTransport::default());
}

#[tokio::test]
async fn a_client_that_takes_no_datagrams_is_told_so() {
    let scene = Scene::new().await;
    let settings = Settings { datagrams: false, ..caddis_tests::webtransport::settings() };
    let client = Client::connect_with(scene.server.address(LISTEN), "a.localhost", settings).await;
    assert_eq!(client.session(URL).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn sessions_on_a_connection_are_limited() {
    let scene = Scene::new().await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(scene.session().await);
    }
    let protocol = Protocol::from_static("webtransport-h3");
    let request = Request::connect(URL).extension(protocol).body(()).unwrap();
    let code = scene.client.begin(request).await.reset_by_server().await;
    assert_eq!(code, Code::H3_REQUEST_REJECTED);
    let (mut near, mut far) = open.pop().unwrap();
    near.close(0, "").await;
    far.closed().await;
    far.finish();
    assert_eq!(near.closed().await, Ended::Closed(0, String::new()));
    let (near, far) = scene.session().await;
    echo(&near, &far).await;
}
