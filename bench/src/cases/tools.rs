//! The compiler: `adapt`, `validate` and `fmt` of a file of 3 lines and of one with 1,000 sites.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use crate::{peers::Peer, table::Table};

pub(crate) fn run(peers: &[Peer], rounds: usize) -> String {
    let folder = std::env::temp_dir().join(format!("caddis-bench-tools-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let small = folder.join("small.Caddyfile");
    let large = folder.join("large.Caddyfile");
    fs::write(&small, "http://localhost {\n\treverse_proxy localhost:9000\n}\n").expect("writable");
    fs::write(&large, super::sites::text(1000)).expect("writable");
    let mut table = Table::new(
        "Compiler, milliseconds",
        &[
            "adapt 3 lines",
            "validate 3 lines",
            "fmt 3 lines",
            "adapt 1,000 sites",
            "validate 1,000 sites",
            "fmt 1,000 sites",
        ],
    );
    for _ in 0..rounds {
        for peer in peers.iter().filter(|peer| peer.kind.is_caddy_like()) {
            let figures: Vec<f64> = [&small, &large]
                .into_iter()
                .flat_map(|file| {
                    ["adapt", "validate", "fmt"].map(|command| time(peer, command, file, &folder))
                })
                .collect();
            table.add(peer.kind.name(), &figures);
        }
    }
    drop(fs::remove_dir_all(&folder));
    table.render()
}

fn time(peer: &Peer, command: &str, file: &Path, folder: &Path) -> f64 {
    let mut call = Command::new(&peer.program);
    call.arg(command);
    if command == "fmt" {
        call.arg(file);
    } else {
        call.args(["--adapter", "caddyfile", "--config"]).arg(file);
    }
    call.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    call.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = call.status().expect("the program can be started");
    let took = started.elapsed().as_secs_f64() * 1000.0;
    assert!(status.success(), "{} {command} {} failed", peer.kind.name(), file.display());
    took
}
