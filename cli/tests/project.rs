//! `validate` of whole projects, and how much findings count there.

use crate::scene::{Outcome, Scene, assert_has};

const CONCISE: [&str; 2] = ["--diagnostics", "concise"];

fn validate(scene: &Scene, arguments: &[&str]) -> Outcome {
    scene.run(&[&["validate"], arguments, &CONCISE].concat())
}

/// A folder with two entry points that share a fragment, and things that are no configurations.
fn project() -> Scene {
    Scene::with("import sites/*.caddyfile\n")
        .file("sites/a.caddyfile", ":8081 {\n\timport ../parts/common\n}\n")
        .file("sites/b.caddyfile", ":8082 {\n\timport ../parts/common\n}\n")
        .file("parts/common", "encode\n")
        .file("other/Caddyfile.dev", ":8083 {\n\timport ../parts/common\n}\n")
        .file("other/caddy.json", "{}")
        .file("other/Caddyfile.tmpl", "{{ template }}\n")
        .file("other/package.json", "[]")
        .file(".hidden/Caddyfile", "foo {\n")
}

#[test]
fn entry_points_are_found_and_imports_followed() {
    let scene = project();
    assert_eq!(validate(&scene, &["."]).success(), "3 valid configurations\n");
    assert_eq!(validate(&scene, &["other"]).success(), "2 valid configurations\n");
    assert_eq!(validate(&scene, &["Caddyfile", "other"]).success(), "3 valid configurations\n");
}

#[test]
fn configurations_in_json_are_known_by_their_content() {
    let scene = Scene::new()
        .file(
            "deploy/edge.json",
            "{\"admin\": {\"disabled\": true}, \"apps\": {\"http\": {\"serves\": {}}}}\n",
        )
        .file("deploy/other.json", "{\"name\": \"x\", \"apps\": {\"http\": {}}}\n")
        .file("deploy/list.json", "[\"apps\"]\n")
        .file("deploy/broken.json", "{\"apps\": {\n");
    let outcome = validate(&scene, &["."]);
    let lines: Vec<&str> = outcome.failure().lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("deploy/edge.json:1:49: error[E0802]: /apps/http/serves: "), "{lines:?}");
}

#[test]
fn a_fragment_is_judged_where_it_is_imported_and_once() {
    let scene = project();
    scene.write("parts/common", "encode\nfoo\n");
    let outcome = validate(&scene, &["."]);
    let lines: Vec<&str> = outcome.failure().lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("parts/common:2:1: error[E0310]: "), "{lines:?}");
}

#[test]
fn findings_of_all_configurations_are_told() {
    let scene = project();
    scene.write("sites/b.caddyfile", ":8082 {\n\tfoo\n}\n");
    scene.write("other/caddy.json", "{\n\t\"apps\": {\n\t\t\"htpt\": {}\n\t}\n}\n");
    let outcome = validate(&scene, &["."]);
    let parts = ["sites/b.caddyfile:2:2: error[E0310]", "other/caddy.json:3:3: error[E0802]: /apps", "http"];
    assert_has(outcome.failure(), &parts);
    scene.write("other/caddy.json", "{\n\t\"apps\": ]\n");
    let outcome = validate(&scene, &["other"]);
    assert_has(outcome.failure(), &["other/caddy.json:2:10: error[E0801]"]);
}

#[test]
fn misspelt_fields_of_json_are_placed_and_suggested() {
    let json = "{\"apps\": {\"http\": {\"servers\": {\"a\": {\n\t\"listne\": [\":80\"]\n}}}}}\n";
    let outcome = validate(&Scene::new().file("caddy.json", json), &["caddy.json"]);
    let parts =
        ["caddy.json:2:2: error[E0802]: /apps/http/servers/a/listne: ", "unknown field", "\"listen\""];
    assert_has(outcome.failure(), &parts);
}

#[test]
fn what_is_found_in_the_json_has_its_place_in_the_caddyfile() {
    let scene = Scene::with(":8080 {\n\ttracing {\n\t\tspan name\n\t}\n}\n");
    let outcome = validate(&scene, &[]);
    assert_eq!(outcome.success(), "Valid configuration\n");
    assert_has(&outcome.stderr, &["Caddyfile:2:2: warning[W0801]: handler tracing"]);
}

#[test]
fn what_has_no_place_still_names_its_file() {
    let scene = Scene::with("{\n\tacme_dns\n}\n\na.example {\n\trespond ok\n}\n");
    assert_has(validate(&scene, &["."]).failure(), &["Caddyfile:1:1: error[E0606]"]);
}

const UNUSED: &str = ":8080 {\n\t@a path /a\n\t@b path /b\n\trespond ok\n}\n";

#[test]
fn levels_come_from_the_command_line() {
    let scene = Scene::with(UNUSED).file("caddis.toml", "[levels]\nW0401 = \"allow\"\n");
    assert_eq!(validate(&scene, &[]).stderr, "");
    assert_has(&validate(&scene, &["--warn", "W0401"]).stderr, &["warning[W0401]"]);
    for denied in ["W0401", "W0100,W0401"] {
        assert_has(validate(&scene, &["--deny", denied]).failure(), &["3:2: error[W0401]"]);
    }
    scene.write("caddis.toml", "");
    assert_has(validate(&scene, &["--deny", "warnings"]).failure(), &["error[W0401]"]);
    assert_eq!(validate(&scene, &["--deny", "warnings", "--allow", "W0401"]).stderr, "");
}

#[test]
fn comments_allow_warnings() {
    let text = UNUSED
        .replace("@a path /a", "@a path /a # caddis: allow W0401")
        .replace("\t@b", "\t# caddis: allow W0401 # for tomorrow\n\t@b");
    let scene = Scene::with(&text);
    assert_eq!(validate(&scene, &["--deny", "warnings"]).stderr, "");
    assert_eq!(scene.run(&["adapt"]).stderr, "");
    scene.write("Caddyfile", &text.replace("@b path /b", "@b path /b # caddis: allow E0310\n\tfoo"));
    assert_has(validate(&scene, &[]).failure(), &["error[E0310]"]);
}

#[test]
fn variables_are_set_on_the_command_line() {
    let scene = Scene::with(":{$PORT} {\n\trespond {$WHO:me}\n}\n").variable("PORT", "none");
    assert_has(validate(&scene, &[]).failure(), &["Caddyfile:1:1"]);
    validate(&scene, &["--env", "PORT=8080"]).success();
    let usage = validate(&scene, &["--env", "PORT"]);
    assert_eq!(usage.status, Some(2), "{usage:?}");
}

#[test]
fn variables_that_nobody_sets_follow_a_policy() {
    let scene = Scene::with(
        "# {$COMMENT}\n{\n\t{$OPTIONS}\n}\n\n{$HOST}:{$PORT} {\n\t{$LINES}\n\trespond {$STATUS} {$BODY:ok}\n}\n",
    );
    let warned = validate(&scene, &["--unset", "warn"]);
    assert_has(
        &warned.stderr,
        &["3:2: warning[W0802]", "OPTIONS", "6:1: warning[W0802]", "PORT", "LINES", "STATUS"],
    );
    assert!(!warned.stderr.contains("COMMENT") && !warned.stderr.contains("BODY"), "{warned:?}");
    assert_has(validate(&scene, &["--unset", "error"]).failure(), &["error[W0802]", "HOST"]);
    assert_eq!(validate(&scene, &["--unset", "keep"]).stderr, "");
    // What has nothing to do with variables is still judged.
    scene.write("Caddyfile", &scene.read("Caddyfile").replace("\trespond", "\tfoo\n\trespond"));
    assert_has(validate(&scene, &["--unset", "keep"]).failure(), &["8:2: error[E0310]"]);
}

#[test]
fn exit_statuses_tell_findings_from_mistakes() {
    let scene = project();
    for arguments in [
        &["nope"][..],
        &["--nope"],
        &["parts"],
        &["--deny", "W9999"],
        &["--allow", "E0310"],
        &["--unset", "x"],
    ] {
        let outcome = validate(&scene, arguments);
        assert_eq!(outcome.status, Some(2), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn junit_has_a_case_for_each_file() {
    let scene = project();
    scene.write("sites/b.caddyfile", ":8082 {\n\tfoo\n}\n");
    let outcome = scene.run(&["validate", ".", "--diagnostics", "junit"]);
    let parts = [
        "<?xml",
        "failures=\"1\"",
        "<testcase classname=\"caddis\" name=\"parts/common\" time=\"0\"/>",
        "name=\"sites/b.caddyfile\" time=\"0\">",
        "<failure type=\"E0310\"",
    ];
    assert_has(outcome.failure(), &parts);
}
