//! Clients that send, wait for the whole answer, and send again.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use crate::{
    cases::upstream,
    link::Link,
    load::{self, Load, Work},
    measure::{Cpu, median, percentile},
    peers::Peer,
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

/// What is measured. The rows of proxies have their own processor time, that of the upstream without a proxy has the upstream's.
pub(crate) const COLUMNS: [&str; 7] =
    ["a second", "CPU µs each", "of it µs in the kernel", "kernel %", "p50 µs", "p99 µs", "errors"];

pub(crate) fn run(case: &Case, peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let origin = upstream();
    let Case { title, load, .. } = *case;
    let mut table = Table::new(title, &COLUMNS);
    let mut kernel = Vec::new();
    for _ in 0..rounds {
        for peer in peers.iter().filter(|peer| peer.takes(load.link)) {
            let running = peer
                .start(origin.address, load.link)
                .unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
            table.add(peer.kind.name(), &measured(running.address, running.pid(), load, seconds));
        }
        if load.link == Link::Plain {
            let figures = measured(origin.address, origin.pid(), load, seconds);
            kernel.push(figures[2]);
            table.add("(direct)", &figures);
        }
    }
    let mut text = table.render();
    if matches!(load.work, Work::PingPong { .. }) && load.link == Link::Plain {
        let floor = 2.0 * median(kernel);
        writeln!(
            text,
            "(direct) reads and writes each message once, a relay twice: {floor:.1} µs of it in the kernel."
        )
        .expect("writing to a string");
    }
    text
}

/// The figures of one run against what listens there.
pub(crate) fn measured(target: SocketAddr, pid: u32, load: Load, seconds: u64) -> [f64; 7] {
    // A short run first, so that pools are filled and code is paged in.
    load::run(target, load, Duration::from_millis(300));
    let before = Cpu::of(pid);
    let seen = load::run(target, load, Duration::from_secs(seconds));
    let used = Cpu::of(pid).since(before);
    let all = used.all().as_secs_f64();
    let each = 1e6 / seen.count.max(1) as f64;
    [
        seen.count as f64 / seen.elapsed.as_secs_f64(),
        all * each,
        used.system.as_secs_f64() * each,
        if all > 0.0 { used.system.as_secs_f64() / all * 100.0 } else { 0.0 },
        percentile(&seen.micros, 0.5),
        percentile(&seen.micros, 0.99),
        seen.errors as f64,
    ]
}
