//! Clients and upstreams of different drafts.

use caddis_h3::{Settings, message::Protocol, settings::WebTransport};
use caddis_tests::webtransport::{Client, Upstream, settings};
use http::{HeaderMap, HeaderValue, Request};

use super::{LISTEN, SITE, Scene, URL, dial, echo, logged, serve};

/// The settings of one who speaks only one dialect.
fn only(webtransport: WebTransport) -> Settings {
    Settings { webtransport, ..settings() }
}

fn draft02() -> Settings {
    only(WebTransport { draft02_enabled: true, ..WebTransport::default() })
}

fn draft07() -> Settings {
    only(WebTransport { draft07_max_sessions: 1, ..WebTransport::default() })
}

fn draft13() -> Settings {
    only(WebTransport { draft13_max_sessions: 1, ..WebTransport::default() })
}

fn draft15() -> Settings {
    only(WebTransport { draft15_enabled: true, ..WebTransport::default() })
}

/// L1: what each side speaks is of no concern to the other one.
#[tokio::test]
async fn l01_each_side_speaks_its_own_dialect() {
    let protocols = ["webtransport", "webtransport", "webtransport", "webtransport-h3"];
    let dialects = [draft02(), draft07(), draft13(), draft15()];
    for (settings, expected) in dialects.iter().zip(protocols) {
        let scene = Scene::with(SITE, Upstream::start_with(settings.clone()).await).await;
        for (settings, token) in dialects.iter().zip(protocols) {
            let client =
                Client::connect_with(scene.server.address(LISTEN), "a.localhost", settings.clone()).await;
            let protocol = Protocol::from_static(token);
            let request = Request::connect(URL).extension(protocol).body(()).unwrap();
            let (near, far) = tokio::join!(client.ask(request), async {
                let asked = scene.upstream.asked().await;
                assert_eq!(asked.protocol(), expected);
                asked.accept(HeaderMap::new()).await
            });
            echo(&near.unwrap(), &far).await;
        }
    }
}

/// The fields of the first drafts are about one connection.
#[tokio::test]
async fn l01_fields_of_the_first_drafts_are_those_of_each_side() {
    let request = || {
        let protocol = Protocol::from_static("webtransport");
        Request::connect(URL)
            .header("sec-webtransport-http3-draft02", "1")
            .extension(protocol)
            .body(())
            .unwrap()
    };
    let new = Scene::new().await;
    let (near, ()) = tokio::join!(new.client.ask(request()), async {
        let asked = new.upstream.asked().await;
        assert_eq!(asked.header("sec-webtransport-http3-draft02"), "");
        asked.accept(HeaderMap::new()).await;
    });
    assert_eq!(near.unwrap().headers["sec-webtransport-http3-draft"], "draft02");
    let old = Scene::with(SITE, Upstream::start_with(draft02()).await).await;
    let (near, ()) = tokio::join!(old.client.session(URL), async {
        let asked = old.upstream.asked().await;
        assert_eq!(asked.header("sec-webtransport-http3-draft02"), "1");
        let answer = ("sec-webtransport-http3-draft".parse().unwrap(), HeaderValue::from_static("draft02"));
        asked.accept(HeaderMap::from_iter([answer])).await;
    });
    assert!(!near.unwrap().headers.contains_key("sec-webtransport-http3-draft"));
}

/// B2
#[tokio::test]
async fn b02_protocols_are_offered_and_chosen_end_to_end() {
    let scene = Scene::new().await;
    let protocol = Protocol::from_static("webtransport-h3");
    let request = Request::connect(URL)
        .header("wt-available-protocols", "\"moqt-19\", \"moqt-18\"")
        .extension(protocol)
        .body(())
        .unwrap();
    let (near, ()) = tokio::join!(scene.client.ask(request), async {
        let asked = scene.upstream.asked().await;
        assert_eq!(asked.header("wt-available-protocols"), "\"moqt-19\", \"moqt-18\"");
        let chosen = ("wt-protocol".parse().unwrap(), HeaderValue::from_static("\"moqt-18\""));
        asked.accept(HeaderMap::from_iter([chosen])).await;
    });
    assert_eq!(near.unwrap().headers["wt-protocol"], "\"moqt-18\"");
}

#[tokio::test]
async fn an_upstream_without_webtransport_is_told_by_what_it_lacks() {
    for (settings, missing) in [
        (Settings { datagrams: false, ..settings() }, "H3_DATAGRAM"),
        (only(WebTransport::default()), "a setting of WebTransport"),
        (Settings { enable_connect_protocol: false, ..draft15() }, "ENABLE_CONNECT_PROTOCOL"),
    ] {
        let upstream = Upstream::start_with(settings).await;
        let server = serve(SITE, &[dial(&upstream)]).await;
        let client = Client::connect(server.address(LISTEN), "a.localhost").await;
        assert_eq!(client.session(URL).await.unwrap_err().status, 502);
        let line = logged(&server, |line| line["logger"] == "http.log.error").await;
        assert!(line["msg"].as_str().unwrap().contains(missing), "{missing}: {line}");
    }
}

/// B11: one that cannot tell several sessions apart gets a connection for each.
#[tokio::test]
async fn b11_upstreams_carry_as_many_sessions_as_they_permit() {
    let shared = Scene::new().await;
    let open = [shared.session().await, shared.session().await, shared.session().await];
    assert_eq!(shared.upstream.connections(), 1);
    for (near, far) in &open {
        echo(near, far).await;
    }
    let single = Scene::with(SITE, Upstream::start_with(draft15()).await).await;
    let open = [single.session().await, single.session().await];
    assert_eq!(single.upstream.connections(), 2);
    for (near, far) in &open {
        echo(near, far).await;
    }
}
