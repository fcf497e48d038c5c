//! The request for a session on its way through the handlers.

use std::net::UdpSocket;

use caddis_h3::message::Protocol;
use caddis_tests::webtransport::{Client, Upstream};
use http::{HeaderMap, HeaderValue, Request};

use super::{LISTEN, SITE, Scene, Site, URL, dial, echo, figures, is_access, logged, serve};

fn connect() -> http::request::Builder {
    Request::connect(URL).extension(Protocol::from_static("webtransport-h3"))
}

fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &'static str)| {
        (name.parse().unwrap(), HeaderValue::from_static(value))
    };
    fields.iter().map(field).collect()
}

/// A port where nobody listens.
fn nobody() -> String {
    format!("https://{}", UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

#[tokio::test]
async fn w10_w14_w15_b08_heads_pass_both_ways() {
    let site = Site {
        proxy: "header_up X-Set value\n\t\t\theader_down X-Down {http.reverse_proxy.upstream.hostport}",
        ..SITE
    };
    let scene = Scene::of(site).await;
    let request = connect().header("user-agent", "poke/1").body(()).unwrap();
    let (near, far) = tokio::join!(scene.client.ask(request), async {
        let asked = scene.upstream.asked().await;
        assert_eq!((asked.header("user-agent"), asked.header("x-set")), ("poke/1", "value"));
        assert_eq!((asked.header("x-forwarded-for"), asked.header("via")), ("127.0.0.1", "3.0 Caddis"));
        assert_eq!(asked.header("x-forwarded-proto"), "https");
        let uri = &asked.head.uri;
        assert_eq!(
            (uri.path_and_query().unwrap().as_str(), uri.scheme_str()),
            ("/chat?room=1", Some("https"))
        );
        asked.accept(fields(&[("x-from-upstream", "yes"), ("set-cookie", "a=b")])).await
    });
    let near = near.unwrap();
    assert_eq!(
        (&near.headers["x-from-upstream"], &near.headers["set-cookie"]),
        (&"yes".parse::<HeaderValue>().unwrap(), &"a=b".parse::<HeaderValue>().unwrap())
    );
    assert_eq!(near.headers["x-down"], scene.upstream.address.to_string());
    echo(&near, &far).await;
}

/// W-08: whatever stands between the connection and the proxy.
#[tokio::test]
async fn w08_other_handlers_are_no_obstacle() {
    let before = "encode gzip\n\t\tintercept {\n\t\t\t@ok status 200\n\t\t\tresponse_header X-Seen yes\n\t\t}\n\t\tlog_append seen yes";
    let before = before.replace(
        "\t\t\t@ok status 200\n\t\t\tresponse_header X-Seen yes\n",
        "\t\t\t@no status 404\n\t\t\thandle_response @no {\n\t\t\t\trespond no\n\t\t\t}\n",
    );
    let scene = Scene::of(Site { before: &before, ..SITE }).await;
    let (near, far) = scene.session().await;
    echo(&near, &far).await;
}

/// B1, B3: the upstream decides by what it is told, and that is what the configuration says.
#[tokio::test]
async fn b01_b03_origin_and_authority_are_as_configured() {
    for (proxy, expected) in [
        ("", None),
        ("header_up Host {host}", Some("a.localhost")),
        ("header_up Host x.test", Some("x.test")),
    ] {
        let scene = Scene::of(Site { proxy, ..SITE }).await;
        let request = connect().header("origin", "https://a.localhost").body(()).unwrap();
        let (near, ()) = tokio::join!(scene.client.ask(request), async {
            let asked = scene.upstream.asked().await;
            let expected = expected.map_or_else(|| scene.upstream.address.to_string(), str::to_owned);
            assert_eq!(asked.head.uri.authority().unwrap().as_str(), expected);
            assert_eq!(asked.header("origin"), "https://a.localhost");
            asked.accept(HeaderMap::new()).await;
        });
        near.unwrap();
    }
}

/// B7: what the upstream says instead is what the client hears, and no failure.
#[tokio::test]
async fn b07_a_refusal_is_the_upstream_s_answer() {
    let scene = Scene::of(Site { proxy: "fail_duration 1m", ..SITE }).await;
    for status in [403, 404, 429, 500] {
        let (refused, ()) = tokio::join!(scene.client.session(URL), async {
            let asked = scene.upstream.asked().await;
            asked.refuse(status, fields(&[("x-why", "not you")]), b"go away").await;
        });
        let refused = refused.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.header("x-why")), (status, "not you"));
        assert_eq!(refused.text(), "go away");
    }
    assert_eq!(figures(&scene.server).await, (0, 0));
    // The connection can be used again.
    let (near, far) = scene.session().await;
    assert_eq!(scene.upstream.connections(), 1);
    echo(&near, &far).await;
}

/// B13: there is no body to be read ahead.
#[tokio::test]
async fn b13_buffers_of_requests_do_not_wait_for_a_body() {
    let scene = Scene::of(Site { proxy: "request_buffers 1MB\n\t\t\tresponse_buffers 1MB", ..SITE }).await;
    let (near, far) = scene.session().await;
    echo(&near, &far).await;
}

/// B14
#[tokio::test]
async fn b14_latencies_are_known() {
    let proxy = "header_down X-Latency {http.reverse_proxy.upstream.latency_ms}\n\t\t\theader_down X-Duration {http.reverse_proxy.upstream.duration_ms}";
    let scene = Scene::of(Site { proxy, ..SITE }).await;
    let (near, _far) = scene.session().await;
    for name in ["x-latency", "x-duration"] {
        let value: f64 = near.headers[name].to_str().unwrap().parse().unwrap();
        assert!(value > 0.0, "{name}: {value}");
    }
}

/// L6: routes may answer in the upstream's place.
#[tokio::test]
async fn l06_handle_response_sees_the_upstream_s_answer() {
    let proxy = "@no status 403\n\t\t\thandle_response @no {\n\t\t\t\trespond \"ask {rp.header.X-Whom}\" 401\n\t\t\t}\n\t\t\t@ok status 200\n\t\t\treplace_status @ok 204";
    let scene = Scene::of(Site { proxy, ..SITE }).await;
    let (refused, ()) = tokio::join!(scene.client.session(URL), async {
        scene.upstream.asked().await.refuse(403, fields(&[("x-whom", "mum")]), b"").await;
    });
    let refused = refused.unwrap_err();
    assert_eq!((refused.status.as_u16(), refused.text().as_str()), (401, "ask mum"));
}

#[tokio::test]
async fn w16_the_server_name_may_depend_on_the_request() {
    let transport =
        "versions 3\n\t\t\ttls_insecure_skip_verify\n\t\t\ttls_server_name {http.request.header.X-SNI}";
    let scene = Scene::of(Site { transport, ..SITE }).await;
    for name in ["sni.example.com", "other.example.com"] {
        let request = connect().header("x-sni", name).body(()).unwrap();
        let (near, ()) = tokio::join!(scene.client.ask(request), async {
            let asked = scene.upstream.asked().await;
            assert_eq!(asked.server_name.as_deref(), Some(name));
            asked.accept(HeaderMap::new()).await;
        });
        near.unwrap();
    }
}

/// W-17, L5: a session goes to the next upstream where the first is dead.
#[tokio::test]
async fn w17_l05_dead_upstreams_are_passed_over() {
    let dead = serve(SITE, &[nobody()]).await;
    let client = Client::connect(dead.address(LISTEN), "a.localhost").await;
    assert_eq!(client.session(URL).await.unwrap_err().status, 502);
    let upstream = Upstream::start().await;
    let proxy = "lb_policy first\n\t\t\tlb_retries 1\n\t\t\tlb_try_interval 1ms\n\t\t\tfail_duration 1h";
    let server = serve(Site { proxy, ..SITE }, &[nobody(), dial(&upstream)]).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    let (near, far) = super::session(&client, &upstream).await;
    echo(&near, &far).await;
}

/// B10: the options of the transport for dialing hold.
#[tokio::test]
async fn b10_an_upstream_that_says_nothing_is_not_waited_for_long() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let transport = "versions 3\n\t\t\ttls_insecure_skip_verify\n\t\t\tdial_timeout 20ms";
    let upstream = format!("https://{}", silent.local_addr().unwrap());
    let server = serve(Site { transport, ..SITE }, &[upstream]).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    assert_eq!(client.session(URL).await.unwrap_err().status, 502);
}

/// B17: a client that leaves meanwhile is not the upstream's fault.
#[tokio::test]
async fn b17_a_client_that_leaves_during_the_dial_is_told_as_such() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let silent = tokio::net::UdpSocket::from_std(silent).unwrap();
    let upstream = format!("https://{}", silent.local_addr().unwrap());
    let site = Site {
        proxy: "fail_duration 1m",
        transport: "versions 3\n\t\t\ttls_insecure_skip_verify\n\t\t\tdial_timeout 1h",
        ..SITE
    };
    let server = serve(site, &[upstream]).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    let asked = client.begin(connect().body(()).unwrap()).await;
    // The dial has begun.
    silent.recv(&mut [0; 2048]).await.unwrap();
    asked.cancel();
    let line = logged(&server, is_access).await;
    assert_eq!(line["status"], 499);
    assert_eq!(figures(&server).await, (0, 0));
}

#[tokio::test]
async fn a_transport_without_http3_is_an_error_that_says_so() {
    let upstream = Upstream::start().await;
    let server = serve(Site { transport: "tls_insecure_skip_verify", ..SITE }, &[dial(&upstream)]).await;
    let client = Client::connect(server.address(LISTEN), "a.localhost").await;
    assert_eq!(client.session(URL).await.unwrap_err().status, 502);
    let line = logged(&server, |line| line["logger"] == "http.log.error").await;
    assert!(line["msg"].as_str().unwrap().contains("set versions to 3"), "{line}");
}
