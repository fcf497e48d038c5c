//! 10,000 upgraded streams (fewer where a process may not have 20,000 descriptors and some) across 500 reloads.
//!
//! Half of the streams belong to a handler that every reload changes and that keeps them nevertheless, half to one that
//! stays as it is. All must live on, and nothing must be left of the replaced configurations. At the end a configuration
//! without either handler closes them all.

use std::time::{Duration, Instant};

use crate::{
    cases::{most_streams, upstream},
    link::Link,
    load::Streams,
    measure::{descriptors, median, memory_kib, slope},
    peers::{Peer, PeerKind, Running, caddyfile_with},
    table::Table,
};

const RELOADS: usize = 500;
/// Memory is looked at after each so many reloads, and all streams are used after each ten times as many.
const LOOK: usize = 10;

/// The table, and whether every stream lived and no descriptor stayed behind.
pub(crate) fn run(peers: &[Peer], rounds: usize) -> (String, bool) {
    let streams = most_streams(10_000);
    let mut table = Table::new(
        &format!("{streams} streams, {RELOADS} reloads"),
        &[
            "streams alive",
            "lost",
            "MiB before",
            "MiB after",
            "KiB / reload",
            "descriptors before",
            "descriptors after",
            "reload ms",
            "left when closed",
        ],
    );
    let mut good = true;
    for _ in 0..rounds {
        for peer in peers.iter().filter(|peer| peer.kind == PeerKind::Caddis) {
            let figures = measure(peer, streams);
            good &= figures[1] == 0.0 && figures[6] <= figures[5] && figures[8] <= 0.0;
            table.add(peer.kind.name(), &figures);
        }
    }
    (table.render(), good)
}

fn measure(peer: &Peer, count: usize) -> [f64; 9] {
    let origin = upstream();
    let site = |revision: usize| {
        format!(
            "\thandle /detached {{\n\t\treverse_proxy {0} {{\n\t\t\theader_up X-Reload-Revision {revision}\n\t\t\tstream_detached\n\t\t}}\n\t}}\n\
             \thandle {{\n\t\treverse_proxy {0}\n\t}}\n",
            origin.address
        )
    };
    let running = peer
        .start(origin.address, Link::Plain)
        .unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    let load = |site: &str| {
        let text = caddyfile_with(running.address, running.admin, None, site);
        let took =
            running.load(&text).unwrap_or_else(|error| panic!("{}: reload: {error}", peer.kind.name()));
        std::thread::sleep(Duration::from_millis(50));
        took.as_secs_f64() * 1000.0
    };
    load(&site(0));
    let idle = descriptors(running.pid());
    let paths = [("/detached", count / 2), ("/unchanged", count - count / 2)];
    let mut streams = Streams::open_on(&paths, running.address, Link::Plain)
        .unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    let memory = || {
        // Whoever gives memory back gets the time for it.
        std::thread::sleep(Duration::from_millis(500));
        memory_kib(running.pid()) as f64
    };
    let (before, open) = (memory(), descriptors(running.pid()));
    let (mut times, mut alive, mut seen) = (Vec::new(), count, Vec::new());
    for revision in 1..=RELOADS {
        times.push(load(&site(revision)));
        if revision % LOOK == 0 {
            seen.push((revision as f64, memory()));
        }
        if revision % (LOOK * 10) == 0 {
            alive = alive.min(streams.alive(64));
        }
    }
    let after = seen.last().map_or(0.0, |&(_, memory)| memory);
    let open_after = descriptors(running.pid());
    load("\trespond gone\n");
    let left = left_over(&running, idle);
    [
        alive as f64,
        (count - alive) as f64,
        before / 1024.0,
        after / 1024.0,
        slope(&seen[seen.len() / 5..]),
        open as f64,
        open_after as f64,
        median(times),
        left,
    ]
}

/// How many more descriptors than `idle` are open once the streams have had the time to end.
fn left_over(running: &Running, idle: usize) -> f64 {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let left = descriptors(running.pid()) as f64 - idle as f64;
        if left <= 0.0 || Instant::now() > end {
            return left;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
