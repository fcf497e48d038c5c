//! `caddis.toml`, and what is not known.

use crate::scene::{Scene, assert_has};

const DECLARED: &str = "[directives.rate_limit]\norder = \"before basic_auth\"\nlines.log_key = \"flag\"\n";
const LIMITED: &str = ":0 {\n\trate_limit {\n\t\tlog_key\n\t}\n\trespond hi\n}\n";
const HANDLER: &str = r#"{"handler":"rate_limit","log_key":true}"#;

#[test]
fn the_nearest_settings_count() {
    let scene = Scene::new().file("caddis.toml", DECLARED).file("sites/a/Caddyfile", LIMITED);
    assert_has(scene.run(&["adapt", "--config", "sites/a/Caddyfile"]).success(), &[HANDLER]);
    assert_has(scene.run_with_input(&["adapt", "--config", "-"], LIMITED).success(), &[HANDLER]);
    scene.write("sites/caddis.toml", "");
    let outcome = scene.run(&["adapt", "--config", "sites/a/Caddyfile", "--diagnostics", "full"]);
    let expected = ["sites/a/Caddyfile:2:2", "github.com/mholt/caddy-ratelimit", "[directives.rate_limit]"];
    assert_has(&outcome.failure().split_whitespace().collect::<Vec<_>>().join(" "), &expected);
}

#[test]
fn settings_can_be_named() {
    let scene = Scene::with(LIMITED).file("caddis.toml", "").file("other.toml", DECLARED);
    assert_has(scene.run(&["adapt", "--plugins", "other.toml"]).success(), &[HANDLER]);
    assert_has(scene.run(&["adapt", "--plugins", "none.toml"]).failure(), &["none.toml", "No such file"]);
}

#[test]
fn mistakes_in_settings_have_a_place() {
    let scene =
        Scene::with(LIMITED).file("caddis.toml", "[directives.rate_limit]\nlines.log_key = \"flags\"\n");
    for command in ["adapt", "validate", "run", "start", "reload"] {
        let outcome = scene.run(&[command, "--diagnostics", "concise"]);
        assert_has(outcome.failure(), &["caddis.toml:2:17: error[E0733]: unknown type 'flags'"]);
    }
}

#[test]
fn levels_of_warnings_come_from_settings() {
    let scene = Scene::with(":0\nrespond   hi\n").file("caddis.toml", "[levels]\nW0002 = \"deny\"\n");
    assert_has(scene.run(&["validate", "--diagnostics", "concise"]).failure(), &["error[W0002]"]);
    scene.write("caddis.toml", "[levels]\nwarnings = \"allow\"\n");
    let outcome = scene.run(&["validate"]);
    assert_eq!((outcome.success(), outcome.stderr.as_str()), ("Valid configuration\n", ""));
}

#[test]
fn declared_plugins_are_checked_and_not_run() {
    let scene = Scene::with(LIMITED).file("caddis.toml", DECLARED);
    let outcome = scene.run(&["validate"]);
    assert_has(outcome.success(), &["Valid configuration"]);
    assert_has(&outcome.stderr, &["W0801", "rate_limit"]);
    assert_has(scene.run(&["run"]).failure(), &["http.handlers.rate_limit"]);
}

#[test]
fn raw_plugins_can_be_validated() {
    let text = "{\n\tlayer4 {\n\t\t:1 {\n\t\t\troute\n\t\t}\n\t}\n}\n\n:0 {\n\trespond hi\n}\n";
    let scene = Scene::with(text).file("caddis.toml", "[options.layer4]\ntype = \"raw\"\n");
    let outcome = scene.run(&["validate", "--diagnostics", "concise"]);
    assert_has(outcome.success(), &["Valid configuration"]);
    assert_has(&outcome.stderr, &["Caddyfile:2:2: warning[W0720]", "layer4"]);
    assert_has(scene.run(&["adapt", "--diagnostics", "concise"]).failure(), &["error[E0738]", "layer4"]);
}

#[test]
fn validation_goes_on_past_unknown_modules() {
    let scene = Scene::with(LIMITED).file(
        "a.json",
        r#"{"apps":{"x":{},"http":{"servers":{"s":{"routes":[{"handle":[{"handler":"y"}]}]}}}}}"#,
    );
    assert_has(scene.run(&["validate"]).failure(), &["rate_limit"]);
    let outcome = scene.run(&["validate", "--allow-unknown-modules", "--diagnostics", "concise"]);
    assert_has(outcome.success(), &["Valid configuration"]);
    assert_has(&outcome.stderr, &["Caddyfile:2:2: warning[W0720]", "rate_limit"]);
    assert_has(scene.run(&["validate", "--config", "a.json"]).failure(), &["unknown module: "]);
    let outcome = scene.run(&["validate", "--config", "a.json", "--allow-unknown-modules"]);
    assert_has(outcome.success(), &["Valid configuration"]);
}

#[test]
fn the_admin_api_knows_declared_plugins() {
    let scene = Scene::new().file("declared.toml", DECLARED).variable("CADDY_ADMIN", "unix/admin.sock");
    let _server = scene.serve(&["run", "--plugins", "declared.toml"]);
    let (status, body) = scene.post("admin.sock", "/adapt", LIMITED);
    assert_eq!(status, 200, "{body}");
    assert_has(&body, &[HANDLER]);
}
