//! What is measured, one file a case.

pub(crate) mod get;
pub(crate) mod idle;
pub(crate) mod reload;
pub(crate) mod scale;
mod sites;
pub(crate) mod tools;
pub(crate) mod tunnel;

use std::net::SocketAddr;

use crate::{
    load::{self, Work},
    measure::{cpu, percentile},
    origin::{self, Origin},
    peers::Peer,
};
use std::time::Duration;

/// The shared upstream of a case.
pub(crate) fn upstream() -> Origin {
    origin::start().expect("a loopback port is free")
}

/// One loaded run against a peer: per second, CPU µs each, p50 µs, p99 µs, errors.
pub(crate) fn loaded(
    peer: &Peer,
    upstream: SocketAddr,
    clients: usize,
    work: Work,
    seconds: u64,
) -> [f64; 5] {
    let running = peer.start(upstream).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    // A short run first, so that pools are filled and code is paged in.
    load::run(running.address, clients, work, Duration::from_millis(300));
    let before = cpu(running.pid());
    let seen = load::run(running.address, clients, work, Duration::from_secs(seconds));
    let used = cpu(running.pid()).saturating_sub(before);
    figures(&seen, used)
}

/// The same without any proxy.
pub(crate) fn direct(upstream: SocketAddr, clients: usize, work: Work, seconds: u64) -> [f64; 5] {
    figures(&load::run(upstream, clients, work, Duration::from_secs(seconds)), Duration::ZERO)
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
