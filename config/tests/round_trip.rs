//! What Caddy wrote is read strictly, passes the checks, and is written again to the same bytes.
//!
//! The files are not part of the repository: they are looked for in `../shared/corpus` beside it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};

use caddis_config::{Config, Options, check};

fn corpus(folder: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(folder);
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The files of `folder` with that suffix, sorted, and what of each is JSON written by Caddy.
fn cases(folder: &Path, suffix: &str) -> Vec<(String, String)> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != suffix) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let json = text.split_once("----------").map_or(text.as_str(), |(_, json)| json).trim();
        if json.starts_with('{') {
            cases.push((path.file_name().unwrap().to_string_lossy().into_owned(), json.to_owned()));
        }
    }
    cases.sort();
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    cases
}

fn round_trip(folder: &str, suffix: &str) {
    let Some(folder) = corpus(folder) else { return };
    let mut options = Options::default();
    options.register("dns.providers.mock").register("tls.client_auth.verifier.dummy");
    let cases = cases(&folder, suffix);
    let mut failures = Vec::new();
    for (name, json) in &cases {
        match Config::from_json_with(json.as_bytes(), &options) {
            Err(error) => failures.push(format!("{name}: {error}")),
            Ok(config) => {
                let written = config.to_json_pretty();
                if let Some(line) = first_difference(json, &written) {
                    failures.push(format!("{name}: {line}"));
                }
                // Environment variables had this value when the real files were adapted.
                let errors = check(&config).into_iter().filter(|error| !error.message.contains("'dummy'"));
                failures.extend(errors.map(|error| format!("{name}: {error}")));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
    println!("{} files", cases.len());
}

fn first_difference(expected: &str, written: &str) -> Option<String> {
    if expected == written {
        return None;
    }
    let pairs = expected.lines().zip(written.lines()).enumerate();
    let difference = pairs.into_iter().find(|(_, (expected, written))| expected != written);
    Some(match difference {
        Some((line, (expected, written))) => format!("line {}: {expected:?} became {written:?}", line + 1),
        None => "one text ends before the other".to_owned(),
    })
}

#[test]
fn adapted_cases() {
    round_trip("caddy", "caddyfiletest");
}

#[test]
fn adapted_cases_with_registered_modules() {
    round_trip("caddy_mock", "caddyfiletest");
}

#[test]
fn adapted_real_files() {
    round_trip("real", "json");
}
