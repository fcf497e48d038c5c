//! `adapt` and `validate` of one file.

use crate::scene::{Scene, assert_has};

const HELLO: &str = ":8080\n\nrespond hi\n";
const HELLO_JSON: &str = r#"{"apps":{"http":{"servers":{"srv0":{"listen":[":8080"],"routes":[{"handle":[{"body":"hi","handler":"static_response"}]}]}}}}}"#;
/// Two mistakes, on lines of their own.
const BROKEN: &str = ":8080 {\n\tresponse hi\n\trespond hi 1000\n\tfoo\n}\n";

#[test]
fn adapt_prints_compact_json() {
    let outcome = Scene::with(HELLO).run(&["adapt"]);
    assert_eq!(outcome.success(), format!("{HELLO_JSON}\n"));
    assert_eq!(outcome.stderr, "");
}

#[test]
fn adapt_prints_pretty_json() {
    let outcome = Scene::with("{\n\tadmin off\n}\n").run(&["adapt", "--pretty"]);
    assert_eq!(outcome.success(), "{\n\t\"admin\": {\n\t\t\"disabled\": true\n\t}\n}\n");
}

#[test]
fn adapt_reads_standard_input_whatever_its_name() {
    let scene = Scene::new().file("site.conf", HELLO);
    for outcome in [
        scene.run_with_input(&["adapt", "--config", "-"], HELLO),
        scene.run(&["adapt", "--config", "site.conf"]),
        scene.run(&["adapt", "--config", "site.conf", "--adapter", "caddyfile"]),
    ] {
        assert_eq!(outcome.success(), format!("{HELLO_JSON}\n"));
    }
}

#[test]
fn adapt_warns_and_succeeds() {
    let outcome = Scene::with(":8080\nrespond   hi\n").run(&["adapt", "--diagnostics", "concise"]);
    assert_eq!(outcome.success(), format!("{HELLO_JSON}\n"));
    assert_has(&outcome.stderr, &["Caddyfile:2:1", "not formatted", "W0002"]);
}

#[test]
fn adapt_tells_every_error_with_its_place() {
    let outcome = Scene::with(BROKEN).run(&["adapt", "--diagnostics", "concise"]);
    assert_eq!(outcome.stdout, "");
    assert_has(outcome.failure(), &["Caddyfile:2:2", "response", "Caddyfile:4:2", "foo"]);
}

#[test]
fn adapt_needs_a_file() {
    let scene = Scene::new();
    assert_has(scene.run(&["adapt"]).failure(), &["no Caddyfile in current directory", "--config"]);
    assert_has(scene.run(&["adapt", "--config", "nope"]).failure(), &["nope", "No such file"]);
    let outcome = Scene::with(HELLO).run(&["adapt", "--adapter", "yaml"]);
    assert_has(outcome.failure(), &["unrecognized config adapter: yaml", "caddyfile"]);
}

#[test]
fn adapt_follows_imports_and_names_their_places() {
    let scene = Scene::with("import sites/*\n")
        .file("sites/a", ":8080 {\n\trespond hi\n}\n")
        .file("sites/b", ":8081 {\n\tfoo\n}\n");
    let outcome = scene.run(&["adapt", "--diagnostics", "concise"]);
    assert_has(outcome.failure(), &["sites/b:2:2", "foo"]);
    scene.write("sites/b", "");
    assert_eq!(scene.run(&["adapt"]).success(), format!("{HELLO_JSON}\n"));
}

#[test]
fn variables_come_from_the_process_and_then_from_files() {
    let scene = Scene::with(":8080\n\nrespond \"{$OWN} {$FILE} {$LATER}\"\n")
        .file("first.env", "OWN=file\nFILE=\"from a\nfile\"\n")
        .file("second.env", "export LATER=second # comment\nFILE=second\n")
        .variable("OWN", "process");
    let outcome = scene.run(&["adapt", "--envfile", "first.env", "--envfile", "second.env"]);
    assert_has(outcome.success(), &[r#""body":"process from a\nfile second""#]);
    scene.write("second.env", "A=1\nnonsense\n");
    let outcome = scene.run(&["adapt", "--envfile", "second.env"]);
    assert_has(outcome.failure(), &["second.env", "can't parse line 2"]);
    let outcome = scene.run(&["adapt", "--envfile", "third.env"]);
    assert_has(outcome.failure(), &["third.env", "No such file"]);
}

#[test]
fn adapt_can_validate() {
    let scene = Scene::with(":8080 {\n\tbind 127.0.0.1\n\trespond hi\n}\n");
    assert_has(scene.run(&["adapt", "--validate"]).success(), &["127.0.0.1:8080"]);
}

#[test]
fn validate_takes_caddyfiles_and_json() {
    let scene = Scene::with(HELLO).file("caddy.json", HELLO_JSON);
    for arguments in [&["validate"][..], &["validate", "--config", "caddy.json"]] {
        assert_eq!(scene.run(arguments).success(), "Valid configuration\n");
    }
}

#[test]
fn validate_names_what_is_wrong_with_json() {
    let scene = Scene::with(BROKEN)
        .file("caddy.json", r#"{"apps":{"http":{"servers":{"a":{"listne":[":80"]}}}}}"#)
        .file("site.conf", HELLO);
    assert_has(scene.run(&["validate"]).failure(), &["Caddyfile:2:2", "Caddyfile:4:2"]);
    let outcome = scene.run(&["validate", "--config", "caddy.json"]);
    assert_has(outcome.failure(), &["caddy.json", "/apps/http/servers/a", "listne"]);
    // A Caddyfile of another name is taken for JSON; the message says what to do.
    let outcome = scene.run(&["validate", "--config", "site.conf"]);
    assert_has(outcome.failure(), &["site.conf", "not valid JSON", "--adapter caddyfile"]);
}

#[test]
fn validate_warns_of_what_a_run_would_refuse() {
    let outcome = Scene::with(":8080 {\n\tpush\n}\n").run(&["validate"]);
    assert_eq!(outcome.success(), "Valid configuration\n");
    assert_has(&outcome.stderr, &["W0801", "push"]);
}
