//! Sessions of several clients on one connection to their upstream: none has to suffer from another one.

use caddis_tests::webtransport::{Client, Session, Upstream, settings};
use futures_util::future::join_all;
use quinn::TransportConfig;

use super::{LISTEN, SITE, Scene, echo};

/// With an upstream that permits so many streams of each kind at once.
async fn scene(streams: u32) -> Scene {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(streams.into()).max_concurrent_uni_streams(streams.into());
    Scene::with(SITE, Upstream::start_on(settings(), transport).await).await
}

/// A session of another client.
async fn of_another(scene: &Scene) -> (Client, Session, Session) {
    let client = Client::connect(scene.server.address(LISTEN), "a.localhost").await;
    let (near, far) = super::session(&client, &scene.upstream).await;
    (client, near, far)
}

#[tokio::test]
async fn a_session_that_opens_all_it_can_leaves_others_theirs() {
    const PERMITTED: usize = 40;
    let scene = scene(PERMITTED as u32).await;
    let (greedy, far) = scene.session().await;
    let (_client, other, other_far) = of_another(&scene).await;
    assert_eq!(scene.upstream.connections(), 1);
    let mut all = Vec::new();
    for _ in 0..PERMITTED {
        let mut stream = greedy.open_bi().await;
        stream.write(b"x").await;
        all.push(stream);
    }
    // Both sessions are streams themselves, and two are kept.
    let mut taken = Vec::new();
    for _ in 0..PERMITTED - 4 {
        taken.push(far.accept().await);
    }
    let mut both = Vec::new();
    for _ in 0..2 {
        let mut stream = other.open_bi().await;
        stream.write(b"y").await;
        both.push((stream, other_far.accept().await));
    }
    // What is done makes room for those that wait.
    all.drain(..taken.len()).for_each(drop);
    drop(taken);
    for _ in &all {
        assert_eq!(far.accept().await.read(1).await, b"x");
    }
}

/// A connection is shared while half of the streams that the upstream permits are left for all.
#[tokio::test]
async fn upstreams_that_permit_few_streams_get_more_connections() {
    for (streams, connections) in [(8, 2), (12, 1)] {
        let scene = scene(streams).await;
        let (near, far) = scene.session().await;
        let (_client, other, other_far) = of_another(&scene).await;
        assert_eq!(scene.upstream.connections(), connections, "{streams} streams");
        echo(&near, &far).await;
        echo(&other, &other_far).await;
    }
}

/// More than are permitted on the connection at first.
#[tokio::test]
async fn upstreams_open_in_each_session_what_it_permits() {
    let scene = scene(100).await;
    let (near, far) = scene.session().await;
    let (_client, other, other_far) = of_another(&scene).await;
    assert_eq!(scene.upstream.connections(), 1);
    let fill = async |near: &Session, far: &Session| {
        let mut open = Vec::new();
        for number in 0..120 {
            let mut stream = if number % 2 == 0 { far.open_bi().await } else { far.open_uni().await };
            stream.write(b"x").await;
            open.push((stream, near.accept().await));
        }
        open
    };
    let open = join_all([(&near, &far), (&other, &other_far)].map(|(near, far)| fill(near, far))).await;
    assert_eq!(open.iter().map(Vec::len).sum::<usize>(), 240);
}

#[tokio::test]
async fn a_session_that_nobody_reads_holds_up_no_other() {
    const SIZE: usize = 10 << 20;
    let scene = scene(100).await;
    let (near, far) = scene.session().await;
    let (_client, other, other_far) = of_another(&scene).await;
    assert_eq!(scene.upstream.connections(), 1);
    let mut stuck = far.open_uni().await;
    stuck.write(b"stuck").await;
    let mut unread = near.accept().await;
    let sticking = tokio::spawn(async move {
        // Stops where the windows are full.
        stuck.write(&vec![1; SIZE]).await;
        stuck.finish();
    });
    let mut stream = other_far.open_uni().await;
    stream.write(b"other").await;
    let mut taken = other.accept().await;
    tokio::join!(
        async {
            stream.write(&vec![2; SIZE]).await;
            stream.finish();
        },
        async { assert_eq!(taken.read_all().await.unwrap().len(), SIZE + 5) }
    );
    assert_eq!(unread.read_all().await.unwrap().len(), SIZE + 5);
    sticking.await.unwrap();
}
