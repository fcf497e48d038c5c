//! Many sessions across many reloads, and many one after the other.

use caddis_tests::webtransport::{Client, Ended, Session, Stream};
use futures_util::future::join_all;

use super::{LISTEN, SITE, Scene, Site, drained, listed, quiet_tasks, tasks};

const SESSIONS: usize = 60;
const STREAMS: usize = 10;
const RELOADS: usize = 10;
/// Tasks of a connection that carries sessions, and of its socket.
const PER_CONNECTION: usize = 8;
const CHURN: usize = 1_000;

/// A session and its streams, with both ends of each.
struct Pair {
    near: Session,
    far: Session,
    streams: Vec<(Stream, Stream)>,
}

impl Pair {
    async fn open(client: &Client, scene: &Scene) -> Self {
        let (near, far) = super::session(client, &scene.upstream).await;
        let mut streams = Vec::new();
        for number in 0..STREAMS {
            // Half of them are opened by the upstream.
            let (one, other) = if number % 2 == 0 { (&near, &far) } else { (&far, &near) };
            let mut stream = one.open_bi().await;
            stream.write(b"hello").await;
            let mut taken = other.accept().await;
            assert_eq!(taken.read(5).await, b"hello");
            streams.push((stream, taken));
        }
        Self { near, far, streams }
    }

    async fn exchange(&mut self, number: usize) {
        let message = format!("alive-check-{number:02}");
        for (one, other) in &mut self.streams {
            one.write(message.as_bytes()).await;
            assert_eq!(other.read(message.len()).await, message.as_bytes());
            other.write(message.as_bytes()).await;
            assert_eq!(one.read(message.len()).await, message.as_bytes());
        }
    }

    async fn close(mut self) {
        self.near.close(7, "that was it").await;
        assert_eq!(self.far.closed().await, Ended::Closed(7, "that was it".into()));
        self.far.finish();
        assert_eq!(self.near.closed().await, Ended::Closed(0, String::new()));
    }
}

#[tokio::test]
async fn sessions_and_their_streams_outlive_reloads() {
    let scene = Scene::of(Site { proxy: "stream_detached", ..SITE }).await;
    let first = Pair::open(&scene.client, &scene).await;
    first.close().await;
    drained(&scene.server).await;
    let before = quiet_tasks(&scene.server).await;
    let mut pairs = Vec::new();
    let mut clients = Vec::new();
    for number in 0..SESSIONS {
        if number % 10 == 0 {
            clients.push(Client::connect(scene.server.address(LISTEN), "a.localhost").await);
        }
        pairs.push(Pair::open(&clients[number / 10], &scene).await);
    }
    for revision in 0..RELOADS {
        let proxy = format!("stream_detached\n\t\t\theader_up X-Revision {revision}");
        scene.reload(Site { proxy: &proxy, ..SITE }).await;
        join_all(pairs.iter_mut().map(|pair| pair.exchange(revision))).await;
    }
    assert_eq!(listed(&scene.server).await.len(), SESSIONS);
    join_all(pairs.into_iter().map(Pair::close)).await;
    drained(&scene.server).await;
    for client in clients {
        client.link.quic.close(0x100_u32.into(), b"");
    }
    // Connections to the upstream stay for those who come next.
    let kept = SESSIONS.div_ceil(16);
    let before = before + kept * PER_CONNECTION;
    tasks(&scene.server, |count| count <= before).await;
}

#[tokio::test]
async fn sessions_that_come_and_go_leave_nothing() {
    let scene = Scene::new().await;
    let churn = async |count: usize| {
        for _ in 0..count {
            let (mut near, mut far) = scene.session().await;
            super::echo(&near, &far).await;
            near.close(0, "").await;
            far.closed().await;
            far.finish();
            near.closed().await;
        }
        drained(&scene.server).await;
    };
    churn(10).await;
    let before = quiet_tasks(&scene.server).await;
    churn(CHURN).await;
    tasks(&scene.server, |count| count <= before).await;
    let (_near, _far) = scene.session().await;
    assert_eq!(scene.upstream.connections(), 1);
}
