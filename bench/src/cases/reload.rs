//! 1,200 upgraded streams across 24 reloads of a configuration with 500 sites.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use crate::{
    cases::upstream,
    link::Link,
    load::Streams,
    measure::{median, memory_kib},
    peers::{Peer, PeerKind},
    table::Table,
};

const STREAMS: usize = 1_200;
const RELOADS: usize = 24;
const SITES: usize = 500;

pub(crate) fn run(peers: &[Peer], rounds: usize) -> String {
    let origin = upstream();
    let upstream = origin.address;
    let mut table = Table::new(
        "1,200 streams, 24 reloads of 500 sites",
        &["streams alive", "before MiB", "after 1 MiB", "after 24 MiB", "after / before", "reload ms"],
    );
    for _ in 0..rounds {
        for peer in peers.iter().filter(|peer| peer.kind.is_caddy_like()) {
            table.add(peer.kind.name(), &measure(peer, upstream));
        }
    }
    table.render()
}

fn measure(peer: &Peer, upstream: SocketAddr) -> [f64; 6] {
    // Caddy 2.11.7 has no stream_detached; a long stream_close_delay is what its users have.
    let option = match peer.kind {
        PeerKind::Caddis => "\t\tstream_detached",
        PeerKind::Caddy | PeerKind::Nginx | PeerKind::Haproxy => "\t\tstream_close_delay 1h",
    };
    let running = peer
        .start_with(upstream, Link::Plain, option)
        .unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    let load = |revision: usize| {
        let text = sites(running.address, running.admin, upstream, option, revision);
        running.load(&text).unwrap_or_else(|error| panic!("{}: reload: {error}", peer.kind.name()))
    };
    load(0);
    let mut streams = Streams::open(running.address, Link::Plain, STREAMS)
        .unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    let memory = || {
        // Whoever gives memory back gets the time for it.
        std::thread::sleep(Duration::from_secs(1));
        memory_kib(running.pid()) as f64
    };
    let reload = |revision| {
        let took = load(revision).as_secs_f64() * 1000.0;
        std::thread::sleep(Duration::from_millis(50));
        took
    };
    let before = memory();
    let first = reload(1);
    let after_first = memory();
    let times = std::iter::once(first).chain((2..=RELOADS).map(reload)).collect();
    let after = memory();
    let alive = streams.alive(64) as f64;
    [alive, before / 1024.0, after_first / 1024.0, after / 1024.0, after / before, median(times)]
}

/// The proxied site with a changing header, and many more sites beside it.
fn sites(
    address: SocketAddr,
    admin: SocketAddr,
    upstream: SocketAddr,
    option: &str,
    revision: usize,
) -> String {
    let mut text = crate::peers::caddyfile(
        address,
        admin,
        upstream,
        None,
        &format!("\t\theader_up X-Reload-Revision {revision}\n{option}"),
    );
    for site in 1..SITES {
        write!(
            text,
            "\nhttp://site{site}.example.com:{} {{\n\tencode zstd gzip\n\theader X-Frame-Options DENY\n\t\
             handle /api/* {{\n\t\treverse_proxy {upstream}\n\t}}\n\thandle {{\n\t\trespond \"site {site}\"\n\t}}\n}}\n",
            address.port()
        )
        .expect("writing to a string");
    }
    text
}
