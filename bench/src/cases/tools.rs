//! The compiler: `adapt`, `validate` and `fmt` of a file of 3 lines and of one with 1,000 sites.

use std::{
    fmt::Write as _,
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
    fs::write(&large, thousand_sites()).expect("writable");
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

/// A file in house style, so that `fmt` succeeds. The sites are plain HTTP: validation has no certificates to look for.
fn thousand_sites() -> String {
    let mut text = String::new();
    for site in 0..1000 {
        if site > 0 {
            text.push('\n');
        }
        write!(
            text,
            "http://site{site}.example.com {{\n\tencode zstd gzip\n\troot * /srv/site{site}\n\t\
             @static path *.css *.js *.png\n\theader @static Cache-Control \"public, max-age=31536000\"\n\t\
             handle /api/* {{\n\t\treverse_proxy localhost:9000 localhost:9001 {{\n\t\t\tlb_policy least_conn\n\t\t\t\
             header_up X-Site {site}\n\t\t}}\n\t}}\n\thandle {{\n\t\ttry_files {{path}} /index.html\n\t\tfile_server\n\t}}\n\
             \tlog {{\n\t\toutput discard\n\t}}\n}}\n"
        )
        .expect("writing to a string");
    }
    text
}
