//! Memory of idle upgraded connections: none, 1,200 and 10,000 (fewer where the machine allows a process fewer than
//! 20,000 descriptors and some), each exercised once with 1 KiB.

use crate::{
    cases::{most_streams, upstream},
    link::Link,
    load::Streams,
    measure::memory_kib,
    peers::Peer,
    table::Table,
};

/// The names of the case, and what is between the clients and the proxy.
pub(crate) const LINKS: [(&str, Link); 3] =
    [("idle", Link::Plain), ("idle-tls", Link::Tls), ("idle-h2", Link::Http2)];

pub(crate) fn run(name: &str, link: Link, peers: &[Peer], rounds: usize) -> String {
    let origin = upstream();
    let upstream = origin.address;
    let mut table = Table::new(
        &format!("Memory of idle upgraded streams ({name})"),
        &[
            "base MiB",
            "1,200 streams MiB",
            "10,000 streams MiB",
            "KiB a stream (1,200)",
            "KiB a stream (10,000)",
        ],
    );
    for _ in 0..rounds {
        for peer in peers.iter().filter(|peer| peer.takes(link)) {
            table.add(peer.kind.name(), &measure(peer, link, upstream));
        }
    }
    table.render()
}

fn measure(peer: &Peer, link: Link, upstream: std::net::SocketAddr) -> [f64; 5] {
    let with = |count: usize| {
        let running =
            peer.start(upstream, link).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
        let base = memory_kib(running.pid()) as f64;
        let streams = Streams::open(running.address, link, count);
        let full = memory_kib(running.pid()) as f64;
        match streams {
            Ok(_) => (base, full),
            Err(_) => (base, f64::NAN),
        }
    };
    let (base, few) = with(1_200);
    let (base_again, full) = with(most_streams(10_000));
    [
        base / 1024.0,
        few / 1024.0,
        full / 1024.0,
        (few - base) / 1_200.0,
        (full - base_again) / most_streams(10_000) as f64,
    ]
}
