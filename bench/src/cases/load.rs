//! Clients that send, wait for the whole answer, and send again.

use std::{net::SocketAddr, time::Duration};

use crate::{
    cases::upstream,
    link::Link,
    load::{self, Load, Work},
    measure::{cpu, percentile},
    peers::{Peer, Running},
    table::Table,
};

/// A case by its name, with what its table says above.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    title: &'static str,
    load: Load,
}

const fn case(name: &'static str, title: &'static str, link: Link, clients: usize, work: Work) -> Case {
    Case { name, title, load: Load { link, clients, work } }
}

const fn tunnel(name: &'static str, title: &'static str, link: Link, clients: usize, size: usize) -> Case {
    case(name, title, link, clients, Work::PingPong { size })
}

/// All of them.
pub(crate) const CASES: [Case; 8] = [
    tunnel("tunnel", "Upgraded, 32 clients, 1 KiB there and back", Link::Plain, 32, 1024),
    tunnel("tunnel-64b", "Upgraded, 32 clients, 64 B there and back", Link::Plain, 32, 64),
    tunnel("tunnel-64k", "Upgraded, 32 clients, 64 KiB there and back", Link::Plain, 32, 64 * 1024),
    tunnel("tunnel-1000", "Upgraded, 1,000 clients, 1 KiB there and back", Link::Plain, 1000, 1024),
    tunnel("tunnel-tls", "Upgraded over TLS, 32 clients, 1 KiB there and back", Link::Tls, 32, 1024),
    tunnel("tunnel-h2", "Streams of HTTP/2, 32 clients, 1 KiB there and back", Link::Http2, 32, 1024),
    case("get", "GET of 1 KiB, 64 kept-alive connections", Link::Plain, 64, Work::Get),
    case("post", "POST of 1 MiB, 16 kept-alive connections", Link::Plain, 16, Work::Post { size: 1 << 20 }),
];

/// What a run is told in.
pub(crate) const COLUMNS: [&str; 5] = ["a second", "CPU µs each", "p50 µs", "p99 µs", "errors"];

pub(crate) fn run(case: &Case, peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let origin = upstream();
    let Case { title, load, .. } = *case;
    let mut table = Table::new(title, &COLUMNS);
    for _ in 0..rounds {
        for peer in peers.iter().filter(|peer| peer.takes(load.link)) {
            table.add(peer.kind.name(), &through(peer, origin.address, load, seconds));
        }
        if load.link == Link::Plain {
            let seen = load::run(origin.address, load, Duration::from_secs(seconds));
            table.add("(direct)", &figures(&seen, Duration::ZERO));
        }
    }
    table.render()
}

fn through(peer: &Peer, upstream: SocketAddr, load: Load, seconds: u64) -> [f64; 5] {
    let running =
        peer.start(upstream, load.link).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    measured(&running, load, seconds)
}

/// The figures of one run through a proxy.
pub(crate) fn measured(running: &Running, load: Load, seconds: u64) -> [f64; 5] {
    // A short run first, so that pools are filled and code is paged in.
    load::run(running.address, load, Duration::from_millis(300));
    let before = cpu(running.pid());
    let seen = load::run(running.address, load, Duration::from_secs(seconds));
    figures(&seen, cpu(running.pid()).saturating_sub(before))
}

fn figures(seen: &load::Seen, used: Duration) -> [f64; 5] {
    let count = seen.count.max(1) as f64;
    [
        seen.count as f64 / seen.elapsed.as_secs_f64(),
        used.as_micros() as f64 / count,
        percentile(&seen.micros, 0.5),
        percentile(&seen.micros, 0.99),
        seen.errors as f64,
    ]
}
