//! The compiler over growing files: time and peak memory of `adapt` for 1 to 100,000 sites, all with HTTPS.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{measure, peers::Peer, table::Table};

const SIZES: [usize; 4] = [1, 1000, 10_000, 100_000];

/// Who takes longer is stopped, and not called again for as large a file.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn run(peers: &[Peer], rounds: usize) -> String {
    let folder = std::env::temp_dir().join(format!("caddis-bench-scale-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let files = SIZES.map(|size| {
        let file = folder.join(format!("{size}.Caddyfile"));
        fs::write(&file, super::sites::text(size).replace("http://site", "site")).expect("writable");
        file
    });
    let columns: Vec<String> =
        SIZES.iter().flat_map(|size| [format!("{size} sites ms"), "peak MiB".to_owned()]).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new("adapt over growing files (NaN: stopped after two minutes)", &columns);
    let peers: Vec<&Peer> = peers.iter().filter(|peer| peer.kind.is_caddy_like()).collect();
    let mut given_up = vec![SIZES.len(); peers.len()];
    for _ in 0..rounds {
        for (peer, given_up) in peers.iter().zip(&mut given_up) {
            let mut figures = Vec::new();
            for (at, file) in files.iter().enumerate() {
                let adapted = if at < *given_up { adapt(peer, file) } else { None };
                if adapted.is_none() {
                    *given_up = at.min(*given_up);
                }
                figures.extend(adapted.map_or([f64::NAN; 2], |(took, peak)| [took, peak]));
            }
            table.add(peer.kind.name(), &figures);
        }
    }
    drop(fs::remove_dir_all(&folder));
    table.render()
}

/// Milliseconds from start to end, and the most MiB that were resident, as far as looking once a millisecond tells.
fn adapt(peer: &Peer, file: &Path) -> Option<(f64, f64)> {
    let mut call = Command::new(&peer.program);
    call.args(["adapt", "--adapter", "caddyfile", "--config"]).arg(file);
    call.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = call.spawn().expect("the program can be started");
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().expect("the program is ours to wait for") {
            assert!(status.success(), "{} adapt {} failed", peer.kind.name(), file.display());
            return Some((started.elapsed().as_secs_f64() * 1000.0, peak as f64 / 1024.0));
        }
        if started.elapsed() > PATIENCE {
            child.kill().and_then(|()| child.wait()).expect("the program is ours to stop");
            return None;
        }
        peak = peak.max(measure::peak_kib(child.id()).unwrap_or(0));
        thread::sleep(Duration::from_millis(1));
    }
}
