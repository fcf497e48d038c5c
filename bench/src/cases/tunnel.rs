//! Upgraded connections under load: 32 clients, 1,024 bytes there and back.

use crate::{
    cases::{direct, loaded, upstream},
    load::Work,
    peers::Peer,
    table::Table,
};

pub(crate) fn run(peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let origin = upstream();
    let upstream = origin.address;
    let work = Work::PingPong { size: 1024 };
    let mut table = Table::new(
        "Upgraded tunnel, 32 clients, 1,024 B ping-pong",
        &["messages/s", "CPU µs/message", "p50 µs", "p99 µs", "errors"],
    );
    for _ in 0..rounds {
        for peer in peers {
            table.add(peer.kind.name(), &loaded(peer, upstream, 32, work, seconds));
        }
        table.add("(direct)", &direct(upstream, 32, work, seconds));
    }
    table.render()
}
