//! Mixed load, plain, over TLS and over HTTP/2, with a reload every two seconds, for as long as wanted: what fails, and
//! whether memory and descriptors grow.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    cases::upstream,
    link::Link,
    measure::{descriptors, memory_kib, slope},
    mixed::{Mixed, Tally, Targets},
    peers::{Peer, PeerKind, Running, caddyfile_with, free_port, site},
};

const RELOAD: Duration = Duration::from_secs(2);

/// One look at the proxy.
struct Look {
    minutes: f64,
    memory_kib: f64,
    descriptors: f64,
}

/// The figures, and whether no request failed.
pub(crate) fn run(peers: &[Peer], minutes: u64) -> (String, bool) {
    let mut report = format!("\nMixed load for {minutes} minutes, a reload every {} s\n", RELOAD.as_secs());
    let mut good = true;
    for peer in peers.iter().filter(|peer| peer.kind == PeerKind::Caddis) {
        good &= measure(peer, Duration::from_secs(minutes * 60), &mut report);
    }
    (report, good)
}

fn measure(peer: &Peer, duration: Duration, report: &mut String) -> bool {
    let origin = upstream();
    let running =
        peer.start(origin.address, Link::Tls).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    let targets = Targets { plain: free_port().expect("a loopback port is free"), tls: running.address };
    let text = |revision: usize| {
        let upstream = origin.address;
        let handlers = format!(
            "\tencode gzip\n\thandle /unchanged {{\n\t\treverse_proxy {upstream}\n\t}}\n\
             \thandle {{\n\t\treverse_proxy {upstream} {{\n\t\t\theader_up X-Reload-Revision {revision}\n\t\t\tstream_detached\n\t\t}}\n\t}}\n"
        );
        let other =
            format!("\nhttp://other{revision}.example.com {{\n\trespond \"revision {revision}\"\n}}\n");
        let encrypted = caddyfile_with(targets.tls, running.admin, running.identity.as_ref(), &handlers);
        [encrypted, site(targets.plain, None, &handlers), other].join("\n")
    };
    running.load(&text(0)).unwrap_or_else(|error| panic!("{}: {error}", peer.kind.name()));
    let clients = Mixed::start(targets);
    let (looks, reloads) = reload_and_look(&running, duration, text);
    let mut tallies = clients.finish();
    tallies.insert("reloads".to_owned(), reloads);
    for (name, Tally { done, failed, error }) in &tallies {
        let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        writeln!(report, "  {name:36}{done:>12} done {failed:>6} failed{error}")
            .expect("writing to a string");
    }
    describe(&looks, report);
    tallies.values().all(|tally| tally.failed == 0)
}

/// Reloads and looks at the proxy until the time is over.
fn reload_and_look(
    running: &Running,
    duration: Duration,
    text: impl Fn(usize) -> String,
) -> (Vec<Look>, Tally) {
    let (began, mut looks, mut reloads) = (Instant::now(), Vec::new(), Tally::default());
    for revision in 1.. {
        let next = began + RELOAD * revision;
        if next > began + duration {
            break;
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        // Just before a reload, so that what the last one put aside is gone.
        looks.push(Look {
            minutes: began.elapsed().as_secs_f64() / 60.0,
            memory_kib: memory_kib(running.pid()) as f64,
            descriptors: descriptors(running.pid()) as f64,
        });
        match running.load(&text(revision as usize)) {
            Ok(_) => reloads.done += 1,
            Err(error) => {
                reloads.failed += 1;
                reloads.error.get_or_insert_with(|| error.to_string());
            }
        }
    }
    (looks, reloads)
}

fn describe(looks: &[Look], report: &mut String) {
    // Pools, caches and the allocator fill up in the first fifth.
    let settled = &looks[looks.len() / 5..];
    for (name, unit, figure) in [
        ("memory", "KiB", (|look| look.memory_kib) as fn(&Look) -> f64),
        ("descriptors", "", |look| look.descriptors),
    ] {
        let values = || settled.iter().map(figure);
        let points: Vec<_> = settled.iter().map(|look| (look.minutes, figure(look))).collect();
        writeln!(
            report,
            "  {name}: {} {unit} at first, {} after a fifth of the time, {} at the end; then between {} and {}, slope {:.2} {unit} a minute",
            looks.first().map_or(0.0, figure),
            settled.first().map_or(0.0, figure),
            settled.last().map_or(0.0, figure),
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
            slope(&points),
        )
        .expect("writing to a string");
    }
}
