use std::sync::Arc;

use http::{HeaderMap, Version};

use super::{Fields, strip_hop_by_hop};
use crate::{
    http::exchange::{Connection, TlsInfo},
    testing,
};

fn shown(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

fn prepared(given: &[(&'static str, &str)]) -> Vec<String> {
    shown(&Fields::new(&testing::exchange("/", given), &[]).to_map())
}

fn on_unix_socket(given: &[(&'static str, &str)], trusted: bool) -> Vec<String> {
    let mut exchange = testing::exchange("/", given);
    exchange.connection = Arc::new(Connection::new(None, None, None));
    exchange.trusted_proxy = trusted;
    shown(&Fields::new(&exchange, &[]).to_map())
}

const OURS: [&str; 5] = [
    "host: example.com",
    "via: 1.1 Caddis",
    "x-forwarded-for: 192.0.2.77",
    "x-forwarded-host: example.com",
    "x-forwarded-proto: http",
];

#[test]
fn r04_what_is_about_one_connection_stays_there() {
    let given = [
        ("host", "example.com"),
        ("connection", "close, X-Private"),
        ("connection", "Keep-Alive"),
        ("keep-alive", "timeout=5"),
        ("x-private", "1"),
        ("proxy-authorization", "Basic eDp5"),
        ("proxy-connection", "keep-alive"),
        ("te", "gzip"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("alt-svc", "h3=\":443\""),
    ];
    assert_eq!(prepared(&given), OURS);
}

#[test]
fn trailers_stay_announced() {
    let lines = prepared(&[("host", "example.com"), ("te", "deflate, Trailers"), ("trailer", "x-sum")]);
    assert!(lines.contains(&"te: trailers".to_owned()) && lines.contains(&"trailer: x-sum".to_owned()));
}

#[test]
fn an_upgrade_is_passed_on() {
    let given = [("host", "example.com"), ("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")];
    let lines = prepared(&given);
    assert!(
        lines.contains(&"connection: Upgrade".to_owned()) && lines.contains(&"upgrade: websocket".to_owned())
    );
    let given = [("host", "example.com"), ("connection", "keep-alive"), ("upgrade", "websocket")];
    assert_eq!(prepared(&given), OURS);
}

#[test]
fn r03_strangers_cannot_forge_where_they_come_from() {
    let given = [
        ("host", "example.com"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "admin.internal"),
    ];
    assert_eq!(prepared(&given), OURS);
}

#[test]
fn r03_trusted_proxies_are_believed() {
    let given = [
        ("host", "example.com"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-for", "10.0.0.2"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "outside.example"),
    ];
    let expected = [
        "host: example.com",
        "via: 1.1 Caddis",
        "x-forwarded-for: 10.0.0.1, 10.0.0.2, 192.0.2.77",
        "x-forwarded-host: outside.example",
        "x-forwarded-proto: https",
    ];
    let mut exchange = testing::exchange("/", &given);
    assert_eq!(shown(&Fields::new(&exchange, &["192.0.2.0/24".parse().unwrap()]).to_map()), expected);
    exchange.trusted_proxy = true;
    assert_eq!(shown(&Fields::new(&exchange, &[]).to_map()), expected);
    exchange.trusted_proxy = false;
    assert_eq!(shown(&Fields::new(&exchange, &["198.51.100.0/24".parse().unwrap()]).to_map()), OURS);
}

#[test]
fn r03_peers_on_unix_sockets_have_no_address() {
    let given = [("host", "example.com"), ("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "https")];
    assert_eq!(on_unix_socket(&given, false), ["host: example.com", "via: 1.1 Caddis"]);
    let trusted = on_unix_socket(&given, true);
    assert!(trusted.contains(&"x-forwarded-for: 10.0.0.1".to_owned()));
    assert!(trusted.contains(&"x-forwarded-proto: https".to_owned()));
}

#[test]
fn the_authority_of_http_2_is_the_host() {
    let mut exchange = testing::exchange("https://user@example.com/path", &[]);
    exchange.request.version = Version::HTTP_2;
    exchange.connection = Arc::new(Connection::new(
        Some("[2001:db8::7]:1".parse().unwrap()),
        None,
        Some(TlsInfo {
            early: false,
            server_name: "example.com".to_owned(),
            version: "tls1.3",
            cipher_suite: "TLS_AES_128_GCM_SHA256",
            alpn: "h2".to_owned(),
            resumed: false,
            peer_certificates: Vec::new(),
        }),
    ));
    let expected = [
        "host: example.com",
        "via: 2.0 Caddis",
        "x-forwarded-for: 2001:db8::7",
        "x-forwarded-host: example.com",
        "x-forwarded-proto: https",
    ];
    assert_eq!(shown(&Fields::new(&exchange, &[]).to_map()), expected);
}

#[test]
fn earlier_proxies_stay_in_via() {
    let lines = prepared(&[("host", "example.com"), ("via", "1.0 first")]);
    assert!(lines.contains(&"via: 1.0 first".to_owned()) && lines.contains(&"via: 1.1 Caddis".to_owned()));
}

#[test]
fn a_name_in_connection_that_is_no_name_is_ignored() {
    let mut given = HeaderMap::new();
    given.insert("connection", "@, , x-gone".parse().unwrap());
    given.insert("x-gone", "1".parse().unwrap());
    given.insert("x-kept", "1".parse().unwrap());
    strip_hop_by_hop(&mut given);
    assert_eq!(shown(&given), ["x-kept: 1"]);
}
