//! HTTP/3 over QUIC: requests, and what idle connections take.

use std::time::Duration;

use crate::{
    cases::upstream,
    http3::{self, Gets, Idle},
    link::Link,
    measure::{Cpu, memory_kib, percentile},
    origin::{ANSWER, LARGE},
    peers::{Peer, Running},
    table::Table,
};

const SMALL: Gets = Gets { clients: 64, shared_by: 4, path: "/bench", size: ANSWER };
/// The name of a case, what its table says above, and what is got.
pub(crate) const CASES: [(&str, &str, Gets); 2] = [
    ("http3", "GET of 1 KiB over HTTP/3, 64 at once on 16 connections", SMALL),
    (
        "http3-1m",
        "GET of 1 MiB over HTTP/3, 16 at once on as many connections",
        Gets { clients: 16, shared_by: 1, path: "/large", size: LARGE },
    ),
];
/// Connections that are idle.
const IDLE: usize = 1000;

/// Requests through each peer.
pub(crate) fn run(title: &str, gets: Gets, peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let origin = upstream();
    let columns = [
        "a second",
        "CPU µs each",
        "of it µs in the kernel",
        "client's µs each",
        "p50 µs",
        "p99 µs",
        "errors",
    ];
    let mut table = Table::new(title, &columns);
    for _ in 0..rounds {
        for peer in able(peers) {
            let running = start(peer, origin.address);
            // A short run first, so that pools are filled and code is paged in.
            http3::run(running.address, gets, Duration::from_millis(300));
            let before = Cpu::of(running.pid());
            let (seen, client) = http3::run(running.address, gets, Duration::from_secs(seconds));
            let used = Cpu::of(running.pid()).since(before);
            let each = 1e6 / seen.count.max(1) as f64;
            let figures = [
                seen.count as f64 / seen.elapsed.as_secs_f64(),
                used.all().as_secs_f64() * each,
                used.system.as_secs_f64() * each,
                client.all().as_secs_f64() * each,
                percentile(&seen.micros, 0.5),
                percentile(&seen.micros, 0.99),
                seen.errors as f64,
            ];
            table.add(peer.kind.name(), &figures);
        }
    }
    table.render()
}

/// Memory of connections that are idle after one GET.
pub(crate) fn idle(peers: &[Peer], rounds: usize) -> String {
    let origin = upstream();
    let columns = ["base MiB", "1,000 connections MiB", "KiB a connection"];
    let mut table = Table::new("Memory of idle connections of HTTP/3", &columns);
    for _ in 0..rounds {
        for peer in able(peers) {
            let running = start(peer, origin.address);
            let base = memory_kib(running.pid()) as f64;
            let idle = Idle::open(running.address, IDLE, SMALL);
            let full = memory_kib(running.pid()) as f64;
            let full = idle.map_or(f64::NAN, |_| full);
            table.add(peer.kind.name(), &[base / 1024.0, full / 1024.0, (full - base) / IDLE as f64]);
        }
    }
    table.render()
}

fn able(peers: &[Peer]) -> impl Iterator<Item = &Peer> {
    peers.iter().filter(|peer| peer.speaks_http3())
}

fn start(peer: &Peer, upstream: std::net::SocketAddr) -> Running {
    peer.start(upstream, Link::Tls).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()))
}
