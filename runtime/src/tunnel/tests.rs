use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::{Ended, Leg, Live, Opened, Outcome, Owner, Reason, Registry, Tunnel, Visitor, websocket::Frames};

const TEXT: [u8; 4] = [0x81, 0x02, b'h', b'i'];
const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];
const OWNER: u64 = 7;

fn on_a_shard(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

#[derive(Clone, Default)]
struct Options {
    websocket: bool,
    detached: bool,
    close_delay: Duration,
    timeout: Option<Duration>,
    client_ahead: &'static [u8],
    upstream_ahead: &'static [u8],
}

/// A tunnel with both peers in the hands of the test.
struct Scene {
    client: TcpStream,
    upstream: TcpStream,
    registry: Arc<Registry>,
    ended: oneshot::Receiver<Ended>,
}

impl Scene {
    async fn open(options: Options) -> Self {
        let ((client, client_leg), (upstream, upstream_leg)) = (connection().await, connection().await);
        let registry = Arc::new(Registry::default());
        let (sender, ended) = oneshot::channel();
        let Options { websocket, detached, close_delay, timeout, .. } = options;
        let owner = Arc::new(Owner { fingerprint: OWNER, detached, close_delay });
        Tunnel {
            client: (Leg::Tcp(client_leg), Bytes::from_static(options.client_ahead)),
            upstream: (Leg::Tcp(upstream_leg), Bytes::from_static(options.upstream_ahead)),
            websocket,
            timeout,
            buffer_size: 0,
            ended: Box::new(|end| drop(sender.send(end))),
        }
        .spawn(
            &registry,
            Opened { owner, upstream: "up:1".into(), source: "up:1".into(), visitor: Visitor::default() },
        );
        Self { client, upstream, registry, ended }
    }

    async fn echo(&mut self, data: &[u8]) {
        self.client.write_all(data).await.unwrap();
        assert_eq!(read(&mut self.upstream, data.len()).await, data);
        self.upstream.write_all(data).await.unwrap();
        assert_eq!(read(&mut self.client, data.len()).await, data);
    }

    fn reload(&self, owners: &[u64], sources: &[&str]) {
        self.registry.reconcile(&Live {
            owners: owners.iter().copied().collect(),
            sources: sources.iter().map(|source| Arc::from(*source)).collect(),
        });
    }

    async fn end(self) -> Ended {
        let ended = self.ended.await.unwrap();
        self.registry.drained().await;
        ended
    }
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut data = vec![0; count];
    stream.read_exact(&mut data).await.unwrap();
    data
}

async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut data = Vec::new();
    stream.read_to_end(&mut data).await.unwrap();
    data
}

#[test]
fn bytes_pass_both_ways_and_are_counted() {
    on_a_shard(async {
        let mut scene = Scene::open(Options::default()).await;
        scene.echo(b"one").await;
        scene.echo(&vec![7; 300_000]).await;
        let live = scene.registry.statistics();
        assert_eq!(live["up:1"].active, 1);
        assert_eq!(live["up:1"].to_upstream, 300_003);
        scene.client.shutdown().await.unwrap();
        scene.upstream.shutdown().await.unwrap();
        let registry = Arc::clone(&scene.registry);
        let ended = scene.end().await;
        assert_eq!((ended.to_upstream, ended.from_upstream), (300_003, 300_003));
        assert_eq!((ended.outcome, ended.reason), (Outcome::Closed, Reason::Client));
        let after = registry.statistics();
        assert_eq!((after["up:1"].active, after["up:1"].total), (0, [1, 0, 0]));
        assert_eq!(after["up:1"].from_upstream, 300_003);
    });
}

#[test]
fn what_was_read_ahead_comes_first() {
    on_a_shard(async {
        let options = Options { client_ahead: b"early ", upstream_ahead: b"first ", ..Options::default() };
        let mut scene = Scene::open(options).await;
        scene.client.write_all(b"bird").await.unwrap();
        scene.upstream.write_all(b"word").await.unwrap();
        assert_eq!(read(&mut scene.upstream, 10).await, b"early bird");
        assert_eq!(read(&mut scene.client, 10).await, b"first word");
    });
}

#[test]
fn half_a_connection_may_close() {
    on_a_shard(async {
        let mut scene = Scene::open(Options::default()).await;
        scene.client.write_all(b"question").await.unwrap();
        scene.client.shutdown().await.unwrap();
        assert_eq!(read_all(&mut scene.upstream).await, b"question");
        scene.upstream.write_all(b"answer").await.unwrap();
        scene.upstream.shutdown().await.unwrap();
        assert_eq!(read_all(&mut scene.client).await, b"answer");
        assert_eq!(scene.end().await.reason, Reason::Client);
    });
}

#[test]
fn a_slow_reader_holds_the_writer_back_and_loses_nothing() {
    on_a_shard(async {
        let Scene { mut client, mut upstream, .. } = Scene::open(Options::default()).await;
        let sent: Vec<u8> = (0..8_000_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
        let expected = sent.clone();
        let writing = tokio::task::spawn_local(async move {
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            client
        });
        assert!(read_all(&mut upstream).await == expected);
        writing.await.unwrap();
    });
}

#[test]
fn a_changed_handler_closes_its_streams() {
    on_a_shard(async {
        let mut scene = Scene::open(Options::default()).await;
        scene.reload(&[OWNER], &[]);
        scene.echo(b"unchanged").await;
        scene.reload(&[OWNER + 1], &["up:1"]);
        assert_eq!(read_all(&mut scene.client).await, b"");
        assert_eq!(read_all(&mut scene.upstream).await, b"");
        assert_eq!(scene.end().await.reason, Reason::Reload);
    });
}

#[test]
fn a_websocket_is_told_before_it_is_closed() {
    on_a_shard(async {
        let mut scene = Scene::open(Options { websocket: true, ..Options::default() }).await;
        scene.echo(&TEXT).await;
        scene.reload(&[], &[]);
        assert_eq!(read(&mut scene.client, 4).await, GOING_AWAY);
        assert_masked_going_away(&read(&mut scene.upstream, 8).await);
        scene.client.write_all(&[0x88, 0x80, 1, 2, 3, 4]).await.unwrap();
        scene.upstream.write_all(&[0x88, 0x00]).await.unwrap();
        assert_eq!(read_all(&mut scene.client).await, b"", "the answer to our close frame goes nowhere");
        assert_eq!(read_all(&mut scene.upstream).await, b"");
        let ended = scene.end().await;
        assert_eq!((ended.reason, ended.outcome), (Reason::Reload, Outcome::Closed));
    });
}

#[test]
fn a_close_frame_waits_for_the_end_of_a_frame() {
    on_a_shard(async {
        let mut scene = Scene::open(Options { websocket: true, ..Options::default() }).await;
        scene.upstream.write_all(&TEXT[..3]).await.unwrap();
        assert_eq!(read(&mut scene.client, 3).await, &TEXT[..3]);
        scene.reload(&[], &[]);
        // The other direction stands at a boundary, so that this tells when closing has begun.
        assert_masked_going_away(&read(&mut scene.upstream, 8).await);
        scene.upstream.write_all(&TEXT[3..]).await.unwrap();
        scene.upstream.write_all(&TEXT).await.unwrap();
        assert_eq!(read(&mut scene.client, 5).await, [&TEXT[3..], &GOING_AWAY].concat());
    });
}

#[test]
fn a_peer_that_never_answers_is_not_waited_for_long() {
    on_a_shard(async {
        let mut scene = Scene::open(Options { websocket: true, ..Options::default() }).await;
        scene.echo(&TEXT).await;
        scene.reload(&[], &[]);
        assert_eq!(read_all(&mut scene.client).await, GOING_AWAY);
        assert_eq!(scene.end().await.reason, Reason::Reload);
    });
}

#[test]
fn a_detached_stream_lives_as_long_as_its_upstream() {
    on_a_shard(async {
        let mut scene = Scene::open(Options { detached: true, ..Options::default() }).await;
        for _ in 0..3 {
            scene.reload(&[], &["up:1"]);
            scene.echo(b"alive").await;
        }
        scene.reload(&[], &["up:2"]);
        assert_eq!(read_all(&mut scene.client).await, b"");
        assert_eq!(scene.end().await.reason, Reason::UpstreamRemoved);
    });
}

#[test]
fn a_delay_counts_for_removed_upstreams_too() {
    on_a_shard(async {
        let delay = Duration::from_millis(30);
        let options = Options { detached: true, close_delay: delay, ..Options::default() };
        let mut scene = Scene::open(options).await;
        scene.reload(&[], &[]);
        scene.echo(b"still here").await;
        assert_eq!(read_all(&mut scene.client).await, b"");
        let ended = scene.end().await;
        assert!(ended.duration >= delay);
        assert_eq!(ended.reason, Reason::UpstreamRemoved);
    });
}

#[test]
fn a_handler_that_comes_back_keeps_its_streams() {
    on_a_shard(async {
        let options = Options { close_delay: Duration::from_secs(3600), ..Options::default() };
        let mut scene = Scene::open(options).await;
        scene.reload(&[], &[]);
        scene.echo(b"waiting").await;
        scene.reload(&[OWNER], &[]);
        scene.echo(b"wanted").await;
        scene.registry.close_all();
        assert_eq!(scene.end().await.reason, Reason::Shutdown);
    });
}

#[test]
fn a_stream_that_begins_during_a_stop_is_closed() {
    let registry = Arc::new(Registry::default());
    let reason = || {
        let owner = Arc::new(Owner { fingerprint: OWNER, detached: true, close_delay: Duration::ZERO });
        let (upstream, source) = ("up:1".into(), "up:1".into());
        let open = registry.open(Opened { owner, upstream, source, visitor: Visitor::default() });
        open.stream.closing().map(|(_, reason)| reason)
    };
    assert_eq!(reason(), None);
    registry.close_all();
    assert_eq!(reason(), Some(Reason::Shutdown));
    registry.resume();
    assert_eq!(reason(), None, "another configuration runs");
}

#[test]
fn a_reload_keeps_nothing_that_is_drained() {
    on_a_shard(async {
        let mut scene = Scene::open(Options::default()).await;
        assert_eq!(
            scene.registry.drain(Duration::from_secs(3600), |stream| &**stream.upstream() == "up:2"),
            0
        );
        assert_eq!(scene.registry.drain(Duration::from_secs(3600), |stream| stream.id() == 1), 1);
        scene.echo(b"soon").await;
        scene.reload(&[OWNER], &[]);
        let streams = scene.registry.streams();
        assert_eq!(streams[0].closing().map(|(_, reason)| reason), Some(Reason::Drained));
        assert_eq!(scene.registry.drain(Duration::ZERO, |_| true), 1);
        assert_eq!(read_all(&mut scene.client).await, b"");
        let registry = Arc::clone(&scene.registry);
        assert_eq!(scene.end().await.reason, Reason::Drained);
        assert_eq!(registry.statistics()["up:1"].reasons, [0, 0, 0, 0, 0, 0, 1]);
    });
}

/// Each numbers its place in `ALL`.
#[test]
fn reasons_and_outcomes_are_in_order() {
    assert!(Reason::ALL.iter().enumerate().all(|(at, reason)| *reason as usize == at));
    assert!(Outcome::ALL.iter().enumerate().all(|(at, outcome)| *outcome as usize == at));
}

#[test]
fn a_stream_times_out_with_a_close_frame() {
    on_a_shard(async {
        let timeout = Some(Duration::from_millis(5));
        let mut scene = Scene::open(Options { websocket: true, timeout, ..Options::default() }).await;
        assert_eq!(read(&mut scene.client, 4).await, GOING_AWAY);
        drop(scene.client);
        drop(scene.upstream);
        let ended = scene.ended.await.unwrap();
        assert_eq!((ended.reason, ended.outcome), (Reason::Timeout, Outcome::Timeout));
    });
}

#[test]
fn a_broken_side_is_named() {
    on_a_shard(async {
        let scene = Scene::open(Options::default()).await;
        let Scene { client, upstream, ended, .. } = scene;
        // Without the wait for unsent data a close becomes a reset.
        upstream.set_zero_linger().unwrap();
        drop(upstream);
        let ended = ended.await.unwrap();
        assert_eq!((ended.reason, ended.outcome), (Reason::Upstream, Outcome::Error));
        drop(client);
    });
}

#[test]
fn frames_are_followed_whatever_the_chunks() {
    let mut stream = vec![0x82, 126, 0x01, 0x00];
    stream.extend([0; 256]);
    stream.extend([0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    stream.extend([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    stream.extend(vec![0; 65536]);
    stream.extend([0x89, 0x00]);
    stream.extend([0x88, 0x02, 3, 232]);
    let boundaries: Vec<usize> = [260, 11, 65546, 2, 4]
        .iter()
        .scan(0, |end, length| {
            *end += length;
            Some(*end)
        })
        .collect();
    for chunk in [1, 2, 3, 7, 1000, 100_000] {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        let mut at = 0;
        while at < stream.len() {
            at += frames.pass_frame(&stream[at..stream.len().min(at + chunk)]);
            assert!(!frames.closed() || at == stream.len());
            if frames.at_boundary() {
                found.push(at);
            }
        }
        assert_eq!(found, boundaries, "in chunks of {chunk}");
        assert!(frames.closed());
        let mut whole = Frames::default();
        stream.chunks(chunk).for_each(|chunk| whole.pass(chunk));
        assert!(whole.closed());
    }
}

fn assert_masked_going_away(frame: &[u8]) {
    assert_eq!(frame[..2], [0x88, 0x82]);
    assert_eq!([frame[6] ^ frame[2], frame[7] ^ frame[3]], GOING_AWAY[2..]);
}
