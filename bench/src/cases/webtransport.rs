//! WebTransport through the proxy and past it. No other proxy carries it, so ratios are to the direct way.

use std::{net::SocketAddr, time::Duration};

use crate::{
    link::Link,
    measure::{Cpu, memory_kib},
    peers::{Peer, PeerKind, Running, caddyfile_with},
    table::Table,
    webtransport::{self as load, DATAGRAMS, NOTHING, Open, STREAMS},
};

/// Sessions at once.
const CLIENTS: usize = 16;
/// Sessions that are idle, or are carried across reloads.
const SESSIONS: usize = 500;
const STREAMS_EACH: usize = 10;
const RELOADS: usize = 100;
const CHURN: usize = 10_000;

/// Sessions, messages and datagrams.
pub(crate) fn run(peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let columns = [
        "sessions / s",
        "messages / s",
        "p50 µs",
        "p99 µs",
        "CPU µs a message",
        "alone: p50 µs",
        "datagrams / s",
        "lost %",
    ];
    let mut table = Table::new("WebTransport: 16 sessions at once, 64 bytes", &columns).relative_to("direct");
    let upstream = load::upstream();
    let relay = load::relay::start(upstream);
    let seconds = Duration::from_secs(seconds);
    for _ in 0..rounds {
        table.add("direct", &figures(&[upstream], None, seconds));
        table.add("(relay)", &figures(&relay, None, seconds));
        for peer in able(peers) {
            let running = start(peer, upstream);
            table.add(peer.kind.name(), &figures(&[running.address], Some(&running), seconds));
        }
    }
    table.render()
}

fn figures(targets: &[SocketAddr], proxy: Option<&Running>, duration: Duration) -> [f64; 8] {
    load::run(targets, STREAMS, CLIENTS, Duration::from_millis(300));
    let sessions = load::run(targets, NOTHING, CLIENTS, duration);
    let used = || proxy.map(|running| Cpu::of(running.pid())).unwrap_or_default();
    let before = used();
    let messages = load::run(targets, STREAMS, CLIENTS, duration);
    let each = used().since(before).all().as_secs_f64() * 1e6 / messages.count.max(1) as f64;
    let alone = load::run(targets, STREAMS, 1, duration);
    let datagrams = load::run(targets, DATAGRAMS, CLIENTS, duration);
    [
        sessions.rate(),
        messages.rate(),
        messages.percentile(0.5),
        messages.percentile(0.99),
        each,
        alone.percentile(0.5),
        datagrams.rate(),
        datagrams.loss(),
    ]
}

/// Memory of idle sessions, beside that of connections without any.
pub(crate) fn idle(peers: &[Peer], rounds: usize) -> String {
    let columns = ["KiB a connection", "KiB a session of its own", "KiB a session, 20 on one"];
    let mut table = Table::new("Memory of 500 idle WebTransport sessions", &columns);
    let upstream = load::upstream();
    for _ in 0..rounds {
        for peer in able(peers) {
            let each = |open: &dyn Fn(SocketAddr) -> Box<dyn std::any::Any>| {
                let running = start(peer, upstream);
                let base = memory_kib(running.pid()) as f64;
                let _open = open(running.address);
                (memory_kib(running.pid()) as f64 - base) / SESSIONS as f64
            };
            let figures = [
                each(&|target| Box::new(Open::new(target, SESSIONS, 0, 0))),
                each(&|target| Box::new(Open::new(target, SESSIONS, 1, 0))),
                each(&|target| Box::new(Open::new(target, SESSIONS / 20, 20, 0))),
            ];
            table.add(peer.kind.name(), &figures);
        }
    }
    table.render()
}

/// Sessions with streams across reloads, then many sessions one after the other. The table, and whether nothing was lost and
/// nothing stayed behind.
pub(crate) fn stress(peers: &[Peer], rounds: usize) -> (String, bool) {
    let columns = [
        "streams alive",
        "lost",
        "MiB before",
        "MiB after 100 reloads",
        "MiB before churn",
        "MiB after 10,000 sessions",
        "left in the registry",
    ];
    let title = "WebTransport: 500 sessions of 10 streams, 100 reloads; then 10,000 sessions";
    let mut table = Table::new(title, &columns);
    let (upstream, mut good) = (load::upstream(), true);
    for _ in 0..rounds {
        for peer in able(peers) {
            let running = start(peer, upstream);
            let mut open = Open::new(running.address, SESSIONS, 1, STREAMS_EACH);
            let all = SESSIONS * STREAMS_EACH;
            let mut alive = open.alive();
            let before = settled(&running);
            for revision in 1..=RELOADS {
                let lines = format!("\t\theader_up X-Revision {revision}\n\t\tstream_detached\n");
                load_site(&running, upstream, &lines);
                if revision % 25 == 0 {
                    alive = alive.min(open.alive());
                }
            }
            let after = settled(&running);
            drop(open);
            // A first churn, so that what is kept for later is there.
            load::churn_of(running.address, CHURN / 10);
            let before_churn = settled(&running);
            load::churn_of(running.address, CHURN);
            let after_churn = settled(&running);
            let left = open_streams(&running);
            good &= alive == all && left == 0.0;
            let mib = |kib: f64| kib / 1024.0;
            table.add(
                peer.kind.name(),
                &[
                    alive as f64,
                    (all - alive) as f64,
                    mib(before),
                    mib(after),
                    mib(before_churn),
                    mib(after_churn),
                    left,
                ],
            );
        }
    }
    (table.render(), good)
}

/// What the admin API counts as open, once what is ending has had the time to.
fn open_streams(running: &Running) -> f64 {
    let mut left = f64::NAN;
    for _ in 0..100 {
        let list = running.get("/reverse_proxy/streams").unwrap_or_default();
        left = list.matches("\"upstream\"").count() as f64;
        if left == 0.0 && list.contains('[') {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    left
}

fn settled(running: &Running) -> f64 {
    // Whoever gives memory back gets the time for it.
    std::thread::sleep(Duration::from_secs(1));
    memory_kib(running.pid()) as f64
}

fn able(peers: &[Peer]) -> impl Iterator<Item = &Peer> {
    peers.iter().filter(|peer| peer.kind == PeerKind::Caddis)
}

fn start(peer: &Peer, upstream: SocketAddr) -> Running {
    let running =
        peer.start(upstream, Link::Tls).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    load_site(&running, upstream, "\t\tstream_detached\n");
    running
}

fn load_site(running: &Running, upstream: SocketAddr, lines: &str) {
    let proxy = format!(
        "\treverse_proxy https://{upstream} {{\n{lines}\t\ttransport http {{\n\t\t\tversions 3\n\t\t\ttls_insecure_skip_verify\n\t\t\ttls_server_name localhost\n\t\t}}\n\t}}\n"
    );
    let text = caddyfile_with(running.address, running.admin, running.identity.as_ref(), &proxy);
    let text = text.replacen(
        "persist_config off\n",
        "persist_config off\n\tservers {\n\t\tenable_webtransport\n\t}\n",
        1,
    );
    running.load(&text).unwrap_or_else(|error| panic!("reload: {error}"));
}
