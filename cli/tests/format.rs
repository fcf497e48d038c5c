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

#[test]
fn a_difference_is_shown_and_is_a_failure() {
    let scene = Scene::with(LOOSE);
    let outcome = scene.run(&["fmt", "--diff"]);
    outcome.failure();
    assert_has(&outcome.stdout, &["-   respond   hi\n", "+ \trespond hi\n"]);
    scene.write("Caddyfile", NEAT);
    scene.run(&["fmt", "--diff"]).success();
}

#[test]
fn standard_input_is_printed_and_never_a_failure() {
    let outcome = Scene::new().run_with_input(&["fmt", "-"], LOOSE);
    assert_eq!(outcome.success(), NEAT);
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
