//! Sessions as streams of the process: reloads, stops, drains, limits, figures, logs.

use caddis_h3::{Code, capsule::Capsule, message::Protocol};
use caddis_tests::webtransport::Ended;
use http::Request;
use serde_json::json;

use super::{
    SITE, Scene, Site, URL, admin, drained, echo, figures, is_access, listed, logged, quiet_tasks, tasks,
};

/// W-13: no task, no stream, no entry is left of a session.
#[tokio::test]
async fn w13_nothing_is_left_of_a_session() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    echo(&near, &far).await;
    let idle = quiet_tasks(&scene.server).await;
    for _ in 0..5 {
        let (mut near, mut far) = scene.session().await;
        echo(&near, &far).await;
        let _open = near.open_bi().await;
        near.close(0, "").await;
        far.closed().await;
        far.finish();
        near.closed().await;
    }
    tasks(&scene.server, |count| count <= idle).await;
    near.close(0, "").await;
    far.closed().await;
    far.finish();
    drained(&scene.server).await;
    assert_eq!((figures(&scene.server).await.0, listed(&scene.server).await.len()), (0, 0));
}

/// L8: one task looks after a session that is idle.
#[tokio::test]
async fn l08_an_idle_session_has_one_task() {
    let scene = Scene::new().await;
    let (near, far) = scene.session().await;
    echo(&near, &far).await;
    let before = quiet_tasks(&scene.server).await;
    let mut open = Vec::new();
    // As many as share a connection to the upstream.
    for _ in 0..3 {
        open.push(scene.session().await);
    }
    assert_eq!(scene.upstream.connections(), 1);
    tasks(&scene.server, |count| count == before + 3).await;
    // And one for each stream.
    let mut streams = Vec::new();
    for (near, far) in &open {
        let mut stream = near.open_bi().await;
        stream.write(b"x").await;
        streams.push((stream, far.accept().await));
    }
    tasks(&scene.server, |count| count == before + 6).await;
}

/// W-18, B15: a session counts as a request for as long as it lives, and is listed.
#[tokio::test]
async fn w18_b15_sessions_are_counted_and_listed() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    echo(&near, &far).await;
    assert_eq!(figures(&scene.server).await.0, 1);
    let list = listed(&scene.server).await;
    let shown = &list[0];
    assert_eq!(shown["upstream"], scene.upstream.address.to_string());
    assert_eq!((&shown["host"], &shown["path"]), (&json!("a.localhost"), &json!("/chat")));
    assert_eq!((&shown["bytes_to_upstream"], &shown["bytes_from_upstream"]), (&json!(4), &json!(4)));
    near.send_datagram(b"four");
    far.datagram().await;
    near.close(3, "done").await;
    far.closed().await;
    far.finish();
    drained(&scene.server).await;
    assert_eq!(figures(&scene.server).await.0, 0);
    let metrics = admin(&scene.server, "GET", "/metrics").await.text();
    let of = format!("upstream=\"{}\"", scene.upstream.address);
    for line in [
        format!("caddy_reverse_proxy_streams_total{{{of},result=\"closed\"}} 1"),
        format!("caddy_reverse_proxy_stream_ends_total{{{of},reason=\"client\"}} 1"),
        format!("caddy_reverse_proxy_stream_bytes_total{{{of},direction=\"to_upstream\"}} 8"),
        format!("caddy_reverse_proxy_stream_dropped_datagrams_total{{{of},direction=\"to_upstream\"}} 0"),
    ] {
        assert!(metrics.contains(&line), "{line} is missing in:\n{metrics}");
    }
}

/// B6: the line of the request has the status of the session, and waits for its end.
#[tokio::test]
async fn b06_b15_logs_tell_of_sessions() {
    let scene = Scene::of(Site { proxy: "stream_logs {\n\t\t\t\tlevel info\n\t\t\t}", ..SITE }).await;
    let (mut near, mut far) = scene.session().await;
    echo(&near, &far).await;
    far.close(1, "enough").await;
    assert_eq!(near.closed().await, Ended::Closed(1, "enough".into()));
    near.finish();
    let line = logged(&scene.server, is_access).await;
    assert_eq!((&line["status"], &line["size"], &line["bytes_read"]), (&json!(200), &json!(4), &json!(4)));
    assert!(line["duration"].as_f64().unwrap() > 0.0);
    let closed = logged(&scene.server, |line| line["msg"] == "connection closed").await;
    assert_eq!((&closed["bytes_to_backend"], &closed["bytes_from_backend"]), (&json!(4), &json!(4)));
    assert_eq!((&closed["result"], &closed["reason"]), (&json!("closed"), &json!("upstream")));
    logged(&scene.server, |line| line["msg"] == "connection opened").await;
}

/// L7
#[tokio::test]
async fn l07_a_session_ends_with_its_time() {
    let scene = Scene::of(Site { proxy: "stream_timeout 1ms", ..SITE }).await;
    let (mut near, mut far) = scene.session().await;
    let words = Ended::Closed(0, "the session has reached its time limit".into());
    assert_eq!(
        (near.closed().await, far.closed().await),
        (words, Ended::Closed(0, "the session has reached its time limit".into()))
    );
}

#[tokio::test]
async fn a_reload_closes_what_it_changes_and_nothing_else() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    scene.reload(Site { before: "header X-Other yes", ..SITE }).await;
    echo(&near, &far).await;
    scene.reload(Site { proxy: "header_up X-Changed yes", ..SITE }).await;
    let words = || Ended::Closed(0, "the proxy was reconfigured".into());
    assert_eq!((near.closed().await, far.closed().await), (words(), words()));
    let (near, far) = scene.session().await;
    echo(&near, &far).await;
}

/// B16: both ends are asked to finish as soon as it is known that they must.
#[tokio::test]
async fn b15_b16_a_delayed_close_is_announced() {
    let scene = Scene::of(Site { proxy: "stream_close_delay 1h", ..SITE }).await;
    let (mut near, mut far) = scene.session().await;
    scene.reload(Site { proxy: "stream_close_delay 1h\n\t\t\theader_up X-Changed yes", ..SITE }).await;
    assert_eq!((near.hear().await, far.hear().await), (Ok(Capsule::DrainSession), Ok(Capsule::DrainSession)));
    echo(&near, &far).await;
    // It is closed sooner if somebody wants that.
    let target = format!("/reverse_proxy/streams?upstream={}", scene.upstream.address);
    assert_eq!(admin(&scene.server, "DELETE", &target).await.json(), json!({"closing": 1}));
    let words = || Ended::Closed(0, "the session was drained".into());
    assert_eq!((near.closed().await, far.closed().await), (words(), words()));
}

/// B16: so is what a peer asks for, by a capsule or for all of its connection.
#[tokio::test]
async fn b16_wishes_to_drain_are_passed_on() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    near.say(&Capsule::DrainSession).await;
    assert_eq!(far.hear().await, Ok(Capsule::DrainSession));
    let (mut near, far) = scene.session().await;
    far.link().go_away().await;
    assert_eq!(near.hear().await, Ok(Capsule::DrainSession));
    echo(&near, &far).await;
}

#[tokio::test]
async fn detached_sessions_live_as_long_as_their_upstream() {
    let scene = Scene::of(Site { proxy: "stream_detached", ..SITE }).await;
    let (mut near, mut far) = scene.session().await;
    scene.reload(Site { proxy: "stream_detached\n\t\t\theader_up X-Changed yes", ..SITE }).await;
    echo(&near, &far).await;
    scene.server.load(&SITE.text(&["https://127.0.0.1:9".into()], &scene.server.folder)).await.unwrap();
    let words = || Ended::Closed(0, "the upstream was removed".into());
    assert_eq!((near.closed().await, far.closed().await), (words(), words()));
}

/// B5: a connection that is to end waits for its sessions, and says so first.
#[tokio::test]
async fn b05_connections_wait_for_their_sessions() {
    let scene = Scene::of(Site { servers: "enable_webtransport\n\t\tprotocols h1 h2 h3", ..SITE }).await;
    let (mut near, mut far) = scene.session().await;
    // Other terms for the same handlers.
    scene.reload(Site { servers: "enable_webtransport\n\t\tprotocols h1 h3", ..SITE }).await;
    scene.client.link.goaway().await;
    echo(&near, &far).await;
    let request = Request::connect(URL).extension(Protocol::from_static("webtransport-h3"));
    let refused = scene.client.begin(request.body(()).unwrap()).await.reset_by_server().await;
    assert_eq!(refused, Code::H3_REQUEST_REJECTED);
    near.close(5, "now").await;
    assert_eq!(far.closed().await, Ended::Closed(5, "now".into()));
    far.finish();
    scene.client.link.quic.closed().await;
}

#[tokio::test]
async fn a_stop_closes_sessions_with_words() {
    let scene = Scene::new().await;
    let (mut near, mut far) = scene.session().await;
    // It is among those that are open.
    echo(&near, &far).await;
    let words = || Ended::Closed(0, "the proxy is shutting down".into());
    let closed = async { (near.closed().await, far.closed().await) };
    // Without a grace period it would wait for as long as a session lasts.
    let ((), closed) = tokio::join!(scene.server.control.runtime().stop(), closed);
    assert_eq!(closed, (words(), words()));
}
