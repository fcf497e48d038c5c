//! `fmt`.

use std::os::unix::fs::PermissionsExt;

use crate::scene::{Scene, assert_has};

const LOOSE: &str = "a {\n  respond   hi\n}\n";
const NEAT: &str = "a {\n\trespond hi\n}\n";

#[test]
fn a_loose_file_is_printed_neatly_and_is_a_failure() {
    let scene = Scene::with(LOOSE);
    let outcome = scene.run(&["fmt"]);
    assert_has(outcome.failure(), &["Caddyfile:2", "not formatted", "--overwrite"]);
    assert_eq!(outcome.stdout, NEAT);
    assert_eq!(scene.read("Caddyfile"), LOOSE);
}

#[test]
fn a_neat_file_is_printed() {
    let scene = Scene::new().file("site", NEAT);
    for arguments in [["fmt", "site"].as_slice(), &["fmt", "--config", "site"]] {
        assert_eq!(scene.run(arguments).success(), NEAT);
    }
}

#[test]
fn overwriting_succeeds_and_keeps_permissions() {
    let scene = Scene::with(LOOSE);
    let path = scene.path("Caddyfile");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(scene.run(&["fmt", "--overwrite"]).success(), "");
    assert_eq!(scene.read("Caddyfile"), NEAT);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(scene.run(&["fmt", "--overwrite"]).success(), "");
}

const PATCH: &str =
    "--- a/Caddyfile\n+++ b/Caddyfile\n@@ -1,3 +1,3 @@\n a {\n-  respond   hi\n+\trespond hi\n }\n";

#[test]
fn a_difference_is_a_patch_and_a_failure() {
    let scene = Scene::with(LOOSE);
    let outcome = scene.run(&["fmt", "--diff"]);
    assert_has(outcome.failure(), &["Caddyfile:2", "not formatted"]);
    assert_eq!(outcome.stdout, PATCH);
    scene.write("Caddyfile", NEAT);
    assert_eq!(scene.run(&["fmt", "--diff"]).success(), "");
}

#[test]
fn a_patch_knows_of_a_last_line_without_an_end() {
    let outcome = Scene::with(NEAT.trim_end()).run(&["fmt", "--diff", "./Caddyfile"]);
    outcome.failure();
    assert_has(&outcome.stdout, &["--- a/Caddyfile\n", "-}\n\\ No newline at end of file\n+}\n"]);
}

/// Two entry points, a fragment, a file of another program, and a Caddyfile that is neat.
fn project() -> Scene {
    Scene::with(LOOSE)
        .file("sites/Caddyfile", "import common\n:80   {\n}\n")
        .file("sites/common", "(a)   {\n}\n")
        .file("sites/other.conf", "not   ours\n")
        .file("sites/caddy.json", "{}")
        .file("neat.caddyfile", NEAT)
}

#[test]
fn a_check_names_what_is_not_formatted() {
    let scene = project();
    let outcome = scene.run(&["fmt", "--check", "."]);
    assert_eq!(outcome.failure(), "");
    assert_eq!(outcome.stdout, "Caddyfile\nsites/Caddyfile\nsites/common\n");
    assert_eq!(scene.run(&["fmt", "--check", "neat.caddyfile"]).success(), "");
}

#[test]
fn folders_and_files_are_overwritten() {
    let scene = project();
    assert_eq!(scene.run(&["fmt", "--overwrite", "Caddyfile", "sites"]).success(), "");
    assert_eq!(scene.read("sites/common"), "(a) {\n}\n");
    assert_eq!(scene.read("sites/other.conf"), "not   ours\n");
    assert_eq!(scene.run(&["fmt", "--check", "."]).success(), "");
}

#[test]
fn a_patch_may_be_of_several_files() {
    let outcome = project().run(&["fmt", "--diff", "."]);
    outcome.failure();
    assert_has(&outcome.stdout, &["+++ b/Caddyfile\n", "+++ b/sites/Caddyfile\n", "+++ b/sites/common\n"]);
}

#[test]
fn a_file_that_cannot_be_read_does_not_stop_the_others() {
    let scene = project();
    let outcome = scene.run(&["fmt", "--overwrite", "nope", "Caddyfile"]);
    assert_has(outcome.failure(), &["nope", "No such file"]);
    assert_eq!(scene.read("Caddyfile"), NEAT);
}

#[test]
fn several_files_need_to_be_told_what_becomes_of_them() {
    assert_has(project().run(&["fmt", "."]).failure(), &["--overwrite", "--diff", "--check"]);
}

#[test]
fn standard_input_is_printed_and_never_a_failure() {
    let outcome = Scene::new().run_with_input(&["fmt", "-"], LOOSE);
    assert_eq!(outcome.success(), NEAT);
}

#[test]
fn standard_input_can_be_checked() {
    let scene = Scene::new();
    let outcome = scene.run_with_input(&["fmt", "--check", "-"], LOOSE);
    outcome.failure();
    assert_eq!(outcome.stdout, "-\n");
    assert_eq!(scene.run_with_input(&["fmt", "--check", "-"], NEAT).success(), "");
    let outcome = scene.run_with_input(&["fmt", "--diff", "-"], LOOSE);
    outcome.failure();
    assert_eq!(outcome.stdout, PATCH.replace("/Caddyfile", "/stdin"));
}

#[test]
fn files_that_are_not_there_are_named() {
    assert_has(Scene::new().run(&["fmt"]).failure(), &["Caddyfile", "No such file"]);
    assert_has(Scene::new().run(&["fmt", "nope"]).failure(), &["nope", "No such file"]);
}

#[test]
fn line_feeds_of_windows_are_no_difference() {
    let outcome = Scene::with("a {\r\n\trespond hi\r\n}\r\n").run(&["fmt"]);
    assert_eq!(outcome.success(), NEAT);
}
