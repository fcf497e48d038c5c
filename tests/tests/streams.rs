//! Open streams: what the admin API tells of them, how they are drained, and what metrics count.

use caddis_tests::{Origin, Server, client};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A site whose only handler proxies, with the options of the case.
pub(crate) fn site(origin: &Origin, options: &str) -> String {
    format!("http://127.0.0.1:0 {{\n\treverse_proxy {} {{\n\t\t{options}\n\t}}\n}}\n", origin.address)
}

async fn admin(server: &Server, method: &str, target: &str) -> client::Answer {
    let address = server.control.admin_address().unwrap();
    let request = client::request(method, &address.to_string(), target);
    client::send(address, request.body(bytes::Bytes::new()).unwrap()).await
}

async fn open(server: &Server) -> TcpStream {
    let mut stream = client::upgrade(server.address(":0"), "127.0.0.1", "/chat?secret", "x").await.unwrap();
    client::echo(&mut stream, "hello").await.unwrap();
    stream
}

#[tokio::test]
async fn streams_are_listed_and_drained_by_upstream() {
    let (one, other) = (Origin::start("one").await, Origin::start("other").await);
    let both = format!(
        "http://127.0.0.1:0 {{\n\treverse_proxy /chat {}\n\treverse_proxy /other {}\n}}\n",
        one.address, other.address
    );
    let server = Server::start(&both).await;
    let mut first = open(&server).await;
    let mut second = client::upgrade(server.address(":0"), "127.0.0.1", "/other", "x").await.unwrap();
    client::echo(&mut second, "hello").await.unwrap();
    let list = admin(&server, "GET", "/reverse_proxy/streams").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let shown = &list[0];
    assert_eq!(shown["upstream"], one.address.to_string());
    assert_eq!((&shown["client_ip"], &shown["path"]), (&json!("127.0.0.1"), &json!("/chat")));
    assert_eq!((&shown["bytes_to_upstream"], &shown["bytes_from_upstream"]), (&json!(5), &json!(5)));
    assert_eq!((&shown["detached"], &shown["closing"]), (&json!(false), &json!(null)));
    let target = format!("/reverse_proxy/streams?upstream={}", one.address);
    assert_eq!(admin(&server, "DELETE", &format!("{target}&over=1h")).await.json(), json!({"closing": 1}));
    assert_eq!(client::echo(&mut first, "still").await.unwrap(), "still");
    let list = admin(&server, "GET", "/reverse_proxy/streams").await.json();
    assert_eq!(list[0]["closing"]["reason"], "drained");
    assert_eq!(admin(&server, "DELETE", &target).await.json(), json!({"closing": 1}));
    assert!(client::echo(&mut first, "gone").await.is_err());
    assert_eq!(client::echo(&mut second, "here").await.unwrap(), "here");
    let metrics = admin(&server, "GET", "/metrics").await.text();
    let of = format!("upstream=\"{}\"", one.address);
    for line in [
        format!("caddy_reverse_proxy_stream_ends_total{{{of},reason=\"drained\"}} 1"),
        format!("caddy_reverse_proxy_streams_total{{{of},result=\"closed\"}} 1"),
        format!("caddy_reverse_proxy_stream_bytes_total{{{of},direction=\"to_upstream\"}} 10"),
        format!("caddy_reverse_proxy_streams_active{{upstream=\"{}\"}} 1", other.address),
        format!(
            "caddy_reverse_proxy_stream_bytes_total{{upstream=\"{}\",direction=\"from_upstream\"}} 9",
            other.address
        ),
    ] {
        assert!(metrics.contains(&line), "{line} is missing in:\n{metrics}");
    }
}

/// Without a grace period, too: nothing is to wait for streams that last.
#[tokio::test]
async fn a_stop_closes_them_whatever_they_came_on() {
    let origin = Origin::start("o").await;
    let options = "{\n\tservers {\n\t\tprotocols h1 h2c\n\t}\n}\n";
    let server = Server::start(&format!("{options}{}", site(&origin, ""))).await;
    let mut upgraded = open(&server).await;
    let (mut stream, _sender) = client::extended_connect(server.address(":0"), "/chat").await;
    let (mut rest, mut last) = (Vec::new(), Vec::new());
    let ends = async { tokio::join!(upgraded.read_to_end(&mut rest), stream.read_to_end(&mut last)) };
    let ((), ends) = tokio::join!(server.control.runtime().stop(), ends);
    assert!(matches!(ends, (Ok(0), Ok(4))), "{ends:?}");
    assert_eq!(last, [0x88, 2, 0x03, 0xe9], "1001, going away");
}

#[tokio::test]
async fn what_is_loaded_during_a_stop_is_stopped_with_its_streams() {
    let origin = Origin::start("o").await;
    let server = Server::start(&site(&origin, "")).await;
    let mut request = TcpStream::connect(server.address(":0")).await.unwrap();
    request.write_all(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n1").await.unwrap();
    // It is answered now, so that the stop has to wait for it.
    while origin.opened() == 0 {
        tokio::task::yield_now().await;
    }
    let meanwhile = async {
        server.load(&site(&origin, "stream_detached")).await.unwrap();
        let mut stream = open(&server).await;
        request.write_all(b"2").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await
    };
    let ((), end) = tokio::join!(server.control.runtime().stop(), meanwhile);
    assert!(matches!(end, Ok(0)), "{end:?}");
}

#[tokio::test]
async fn a_slip_drains_nothing() {
    let origin = Origin::start("o").await;
    let server = Server::start(&site(&origin, "")).await;
    let mut stream = open(&server).await;
    for (query, hint) in [
        ("", "?upstream="),
        ("?upstreams=a", "no such parameter"),
        ("?id=x", "number"),
        ("?id=1&over=x", "over=x"),
    ] {
        let answer = admin(&server, "DELETE", &format!("/reverse_proxy/streams{query}")).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(hint), "{}", answer.text());
    }
    assert_eq!(admin(&server, "DELETE", "/reverse_proxy/streams?id=99").await.json(), json!({"closing": 0}));
    assert_eq!(admin(&server, "POST", "/reverse_proxy/streams").await.status, 405);
    assert_eq!(client::echo(&mut stream, "here").await.unwrap(), "here");
}
