//! Side-by-side measurements of Caddis and its peers, interleaved in one run on one machine.
//!
//! Nothing is installed: peers that are not on the machine are left out. Every figure is a median over the rounds, with
//! its ratio to Caddy's figure of the same run, because clocks of virtual machines drift between runs.

mod cases;
mod http3;
mod link;
mod load;
mod measure;
mod mixed;
mod origin;
mod peers;
mod table;
mod webtransport;

use std::process::ExitCode;

use clap::Parser;

use crate::peers::{Peer, PeerKind};

/// What to measure, and how long.
#[derive(Debug, Parser)]
struct Options {
    /// Cases to run: tunnel, tunnel-64b, tunnel-64k, tunnel-1000, tunnel-tls, tunnel-h2, get, post, mirror, mirror-post,
    /// idle, idle-tls, idle-h2, http3, http3-1m, idle-http3, webtransport, idle-webtransport, reload, tools, scale, stress,
    /// webtransport-stress, soak. All but the last three by default.
    cases: Vec<String>,
    /// Rounds; each round runs every peer once.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load in the cases tunnel, get, post, http3 and mirror.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Minutes of load in the case soak.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Peers to run. All that are installed by default.
    #[arg(long)]
    peers: Vec<String>,
    /// The caddis binary to measure.
    #[arg(long, default_value = "target/release/caddis")]
    caddis: std::path::PathBuf,
    /// Be the upstream of a run.
    #[arg(long, hide = true)]
    origin: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.origin {
        origin::main().expect("the upstream can serve");
        return ExitCode::SUCCESS;
    }
    let peers: Vec<Peer> = PeerKind::ALL
        .into_iter()
        .filter(|kind| options.peers.is_empty() || options.peers.iter().any(|name| name == kind.name()))
        .filter_map(|kind| Peer::find(kind, &options.caddis))
        .collect();
    for peer in &peers {
        report(&format!("{:8} {}", peer.kind.name(), peer.version));
    }
    let wanted = |name: &str| options.cases.is_empty() || options.cases.iter().any(|case| case == name);
    for case in cases::load::CASES.iter().filter(|case| wanted(case.name)) {
        report(&cases::load::run(case, &peers, options.rounds, options.seconds));
    }
    for (name, link) in cases::idle::LINKS.into_iter().filter(|(name, _)| wanted(name)) {
        report(&cases::idle::run(name, link, &peers, options.rounds));
    }
    for (_, title, gets) in cases::http3::CASES.into_iter().filter(|(name, ..)| wanted(name)) {
        report(&cases::http3::run(title, gets, &peers, options.rounds, options.seconds));
    }
    if wanted("idle-http3") {
        report(&cases::http3::idle(&peers, options.rounds));
    }
    if wanted("webtransport") {
        report(&cases::webtransport::run(&peers, options.rounds, options.seconds));
    }
    if wanted("idle-webtransport") {
        report(&cases::webtransport::idle(&peers, options.rounds));
    }
    if wanted("mirror") {
        report(&cases::mirror::gets(&peers, options.rounds, options.seconds));
    }
    if wanted("mirror-post") {
        for mebibytes in [20, 1024] {
            report(&cases::mirror::posts(&peers, options.rounds, mebibytes));
        }
    }
    if wanted("reload") {
        report(&cases::reload::run(&peers, options.rounds));
    }
    if wanted("tools") {
        report(&cases::tools::run(&peers, options.rounds));
    }
    if wanted("scale") {
        report(&cases::scale::run(&peers, options.rounds));
    }
    let named = |name: &str| options.cases.iter().any(|case| case == name);
    let mut good = true;
    for (text, passed) in [
        named("stress").then(|| cases::stress::run(&peers, options.rounds)),
        named("webtransport-stress").then(|| cases::webtransport::stress(&peers, options.rounds)),
        named("soak").then(|| cases::soak::run(&peers, options.minutes)),
    ]
    .into_iter()
    .flatten()
    {
        report(&text);
        good &= passed;
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the tables are this program's output")]
fn report(text: &str) {
    println!("{text}");
}
