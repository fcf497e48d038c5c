//! Keep-alive GETs of 1 KiB over 64 connections.

use crate::{
    cases::{direct, loaded, upstream},
    load::Work,
    peers::Peer,
    table::Table,
};

pub(crate) fn run(peers: &[Peer], rounds: usize, seconds: u64) -> String {
    let origin = upstream();
    let upstream = origin.address;
    let mut table = Table::new(
        "GET of 1 KiB, 64 kept-alive connections",
        &["requests/s", "CPU µs/request", "p50 µs", "p99 µs", "errors"],
    );
    for _ in 0..rounds {
        for peer in peers {
            table.add(peer.kind.name(), &loaded(peer, upstream, 64, Work::Get, seconds));
        }
        table.add("(direct)", &direct(upstream, 64, Work::Get, seconds));
    }
    table.render()
}
