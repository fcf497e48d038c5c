//! 1,200 WebSockets across 24 reloads in each of the three ways they can take a reload. Every byte that either side gets is
//! compared, close frames included.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use caddis_runtime::{http::server, tunnel::Reason};
use caddis_tests::{Server, client};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};

const STREAMS: usize = 1_200;
const RELOADS: usize = 24;

/// Close frames with status 1001: to a client, and masked with zeros from one.
const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];
const ANSWER: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9];

/// One way after the other: each takes four descriptors a stream.
static TURN: Mutex<()> = Mutex::const_new(());

/// Streams through a proxy, with both of their ends in the hands of the test.
struct Scene {
    server: Server,
    upstream: std::net::SocketAddr,
    /// What each connection of the upstream got after its request, once it is over.
    received: mpsc::UnboundedReceiver<Vec<u8>>,
    options: &'static str,
    clients: Vec<TcpStream>,
    /// What each client has sent.
    sent: Vec<u8>,
    /// The servers of all configurations, if they are still there.
    servers: Vec<Weak<server::Server>>,
}

impl Scene {
    async fn open(options: &'static str) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, sender));
        let server = Server::idle();
        let (clients, sent, servers) = (Vec::new(), Vec::new(), Vec::new());
        let mut scene = Self { server, upstream, received, options, clients, sent, servers };
        scene.reload(0).await;
        let address = scene.server.address(":0");
        for _ in 0..STREAMS {
            scene.clients.push(client::upgrade(address, "127.0.0.1", "/", "websocket").await.unwrap());
        }
        scene.exchange(0).await;
        scene
    }

    async fn reload(&mut self, revision: usize) {
        let (upstream, options) = (self.upstream, self.options);
        self.load(&format!(
            "http://127.0.0.1:0 {{\n\treverse_proxy {upstream} {{\n\t\theader_up X-Reload-Revision {revision}\n\t\t{options}\n\t}}\n}}\n"
        ))
        .await;
    }

    async fn load(&mut self, caddyfile: &str) {
        assert!(self.server.load(caddyfile).await.unwrap());
        let server = self.server.control.runtime().with_instance(|instance| {
            let servers = instance.unwrap().servers();
            Arc::downgrade(&servers[0])
        });
        self.servers.push(server);
    }

    /// A message on every stream and back.
    async fn exchange(&mut self, number: usize) {
        let message = frame(&format!("alive-check-{number:02}\n"));
        for client in &mut self.clients {
            client.write_all(&message).await.unwrap();
        }
        let mut answer = vec![0; message.len()];
        for client in &mut self.clients {
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, message);
        }
        self.sent.extend(message);
    }

    /// Waits for every stream to be closed: both sides got what the other one sent and a close frame, and nothing else.
    async fn assert_closed(&mut self) {
        join_all(self.clients.drain(..).map(leave)).await;
        for _ in 0..STREAMS {
            let received = self.received.recv().await.unwrap();
            let (messages, goodbye) = received.split_at(self.sent.len());
            assert_eq!(messages, self.sent);
            let [0x88, 0x82, first, second, _, _, high, low] = *goodbye else { panic!("{goodbye:02x?}") };
            assert_eq!([high ^ first, low ^ second], GOING_AWAY[2..]);
        }
        self.server.control.runtime().process().tunnels.drained().await;
    }

    /// How each stream ended, and how many are open.
    fn ends(&self) -> (Vec<(Reason, u64)>, u64) {
        let statistics = self.server.control.runtime().process().tunnels.statistics();
        let of = &statistics[&*self.upstream.to_string()];
        let ends = Reason::ALL.into_iter().zip(of.reasons).filter(|(_, count)| *count > 0);
        (ends.collect(), of.active)
    }

    /// Waits until the running configuration is the only one whose server is there. Each request makes a shard notice
    /// which configuration is the current one.
    async fn assert_nothing_is_kept(&self) {
        let address = self.server.address(":0");
        while self.servers.iter().filter(|server| server.strong_count() > 0).count() > 1 {
            client::get(address, "127.0.0.1", "/").await;
        }
    }
}

/// The upstream: switches protocols, and sends back what comes.
async fn serve(listener: TcpListener, sender: mpsc::UnboundedSender<Vec<u8>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let sender = sender.clone();
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut head).await.unwrap(), 0);
            }
            if !String::from_utf8_lossy(&head).to_ascii_lowercase().contains("upgrade: websocket") {
                stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
                return;
            }
            let answer =
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            let (mut received, mut buffer) = (Vec::new(), [0; 256]);
            // The answer to a close frame may come too late for the proxy, which does not wait for it for long.
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                received.extend(&buffer[..read]);
                if stream.write_all(&buffer[..read]).await.is_err() {
                    break;
                }
            }
            sender.send(received).unwrap();
        });
    }
}

/// A masked frame of text, as clients send them; the mask is zero.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// Expects a close frame, answers it, and expects the end.
async fn leave(mut client: TcpStream) {
    let mut goodbye = [0; 4];
    client.read_exact(&mut goodbye).await.unwrap();
    assert_eq!(goodbye, GOING_AWAY);
    // The proxy does not wait for the answer for long. Whether it came in time decides how the connection ends, not
    // what comes before its end.
    let mut rest = Vec::new();
    if client.write_all(&ANSWER).await.is_ok() {
        let _ = client.read_to_end(&mut rest).await;
    }
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn streams_of_a_changed_handler_are_closed_by_the_first_of_many_reloads() {
    let _turn = TURN.lock().await;
    let mut scene = Scene::open("").await;
    scene.reload(1).await;
    scene.assert_closed().await;
    assert_eq!(scene.ends(), (vec![(Reason::Reload, STREAMS as u64)], 0));
    for revision in 2..=RELOADS {
        scene.reload(revision).await;
    }
    scene.assert_nothing_is_kept().await;
}

#[tokio::test]
async fn streams_with_a_delay_live_through_many_reloads() {
    let _turn = TURN.lock().await;
    let mut scene = Scene::open("stream_close_delay 1h").await;
    for revision in 1..=RELOADS {
        scene.reload(revision).await;
        scene.exchange(revision).await;
    }
    assert_eq!(scene.ends(), (vec![], STREAMS as u64));
    let tunnels = Arc::clone(&scene.server.control.runtime().process().tunnels);
    for stream in tunnels.streams() {
        let (left, reason) = stream.closing().unwrap();
        // A tenth more at most, so that not all end in the same moment.
        assert!(left <= Duration::from_secs(66 * 60), "{left:?}");
        assert_eq!(reason, Reason::Reload);
    }
    scene.assert_nothing_is_kept().await;
    tunnels.drain(Duration::ZERO, |_| true);
    scene.assert_closed().await;
    assert_eq!(scene.ends(), (vec![(Reason::Drained, STREAMS as u64)], 0));
}

#[tokio::test]
async fn streams_with_a_delay_are_closed_when_it_is_over() {
    let _turn = TURN.lock().await;
    let mut scene = Scene::open("stream_close_delay 100ms").await;
    let before = Instant::now();
    scene.reload(1).await;
    scene.assert_closed().await;
    assert!(before.elapsed() >= Duration::from_millis(100));
    assert_eq!(scene.ends(), (vec![(Reason::Reload, STREAMS as u64)], 0));
}

#[tokio::test]
async fn detached_streams_live_through_many_reloads_until_their_upstream_is_removed() {
    let _turn = TURN.lock().await;
    let mut scene = Scene::open("stream_detached").await;
    for revision in 1..=RELOADS {
        scene.reload(revision).await;
        scene.exchange(revision).await;
    }
    assert_eq!(scene.ends(), (vec![], STREAMS as u64));
    scene.assert_nothing_is_kept().await;
    scene.load("http://127.0.0.1:0 {\n\trespond gone\n}\n").await;
    scene.assert_closed().await;
    assert_eq!(scene.ends(), (vec![(Reason::UpstreamRemoved, STREAMS as u64)], 0));
}
