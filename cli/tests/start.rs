//! `start`: a server in the background.

use crate::{
    scene::{Scene, assert_has, kill},
    serve::site,
};

/// Kills what a failed test leaves in the background.
struct Background<'a>(&'a Scene);

impl Drop for Background<'_> {
    fn drop(&mut self) {
        if let Ok(id) = std::fs::read_to_string(self.0.path("pid")) {
            kill("KILL", id.trim().parse().unwrap());
        }
    }
}

#[test]
fn start_returns_when_the_server_serves() {
    let scene = Scene::with(&site("{$WHO}")).file("site.env", "WHO=background\n");
    let _background = Background(&scene);
    let outcome = scene.run_detached(&["start", "--pidfile", "pid", "--envfile", "site.env"]);
    assert_has(outcome.success(), &["Successfully started", &format!("pid={}", scene.read("pid").trim())]);
    assert_eq!(scene.get("site.sock", "/"), (200, "background".into()));
    scene.run(&["stop", "--address", "unix/admin.sock"]).success();
}

#[test]
fn start_fails_when_the_server_does() {
    let scene = Scene::with(":8080 {\n\tfoo\n}\n");
    let outcome = scene.run_detached(&["start", "--diagnostics", "concise"]);
    assert_has(outcome.failure(), &["Caddyfile:2:2: ", "foo", "the server ended: exit status: 1"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn start_needs_its_standard_input_itself() {
    let outcome = Scene::new().run_with_input(&["start", "--config", "-"], &site("hi"));
    assert_has(outcome.failure(), &["standard input", "--config"]);
}
