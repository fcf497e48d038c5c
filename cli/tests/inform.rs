//! `environ`, `list-modules`, `version`, help, and command lines with mistakes.

use crate::scene::{Scene, assert_has};

#[test]
fn environ_prints_folders_and_variables() {
    let scene = Scene::new().variable("SITE", "example.com").file("more.env", "MORE=1\nSITE=other\n");
    let outcome = scene.run(&["environ", "--envfile", "more.env"]);
    let home = scene.path("home").display().to_string();
    assert_has(
        outcome.success(),
        &[
            &format!("caddis.DataDir={home}/caddis\n"),
            &format!("caddis.AutosavePath={home}/caddis/autosave.json\n"),
            "\nSITE=example.com\n",
            "\nMORE=1\n",
        ],
    );
}

#[test]
fn version_names_the_reference() {
    let outcome = Scene::new().run(&["version"]);
    assert_eq!(outcome.success(), concat!("v", env!("CARGO_PKG_VERSION"), " (Caddy 2.11.7)\n"));
}

#[test]
fn modules_are_listed() {
    let scene = Scene::new();
    let plain = scene.run(&["list-modules"]);
    assert_has(
        plain.success(),
        &["http.handlers.mirror\n", "http.handlers.reverse_proxy\n", "\n\n  Standard modules: "],
    );
    let told = scene.run(&["list-modules", "--versions", "--packages"]);
    assert_has(told.success(), &[concat!("http.handlers.vars v", env!("CARGO_PKG_VERSION"), " caddis\n")]);
    let none = scene.run(&["list-modules", "--skip-standard"]);
    assert_eq!(none.success(), "\n  Standard modules: 0\n");
    let json = scene.run(&["list-modules", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(json.success()).unwrap();
    assert!(list.iter().any(|module| module["module_name"] == "tls.issuance.internal"), "{list:?}");
    assert_eq!(plain.stdout.lines().count(), list.len() + 2);
}

#[test]
fn help_succeeds_and_mistakes_are_status_1() {
    let scene = Scene::new();
    for arguments in [&[][..], &["--help"], &["run", "--help"]] {
        assert_has(scene.run(arguments).success(), &["Usage: caddis"]);
    }
    assert_has(scene.run(&["nope"]).failure(), &["nope"]);
    assert_has(scene.run(&["adapt", "--nope"]).failure(), &["--nope"]);
}

#[test]
fn codes_are_explained() {
    let scene = Scene::new();
    let outcome = scene.run(&["explain", "e0352"]);
    assert_has(outcome.success(), &["# E0352: ", "WebSocket", "```caddyfile\n", "ws://app:8080"]);
    assert!(!outcome.stdout.contains("E0353"), "{outcome:?}");
    let list = scene.run(&["explain"]);
    assert_has(list.success(), &["\nE0310  no directive\n", "\nW0002  not formatted\n"]);
    assert!(list.stdout.starts_with("E0001  an empty file\n"), "{list:?}");
    let outcome = scene.run(&["explain", "E0352", "E9999"]);
    assert_has(outcome.failure(), &["E9999", "caddis explain"]);
}
