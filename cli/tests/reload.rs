//! `reload` and `stop`.

use crate::{
    scene::{Scene, assert_has},
    serve::site,
};

#[test]
fn a_reload_changes_what_is_served() {
    let scene = Scene::with(&site("one"));
    let _server = scene.serve(&["run"]);
    scene.write("Caddyfile", &site("two"));
    scene.run(&["reload"]).success();
    assert_eq!(scene.get("site.sock", "/"), (200, "two".into()));
    scene.write("other", &site("three"));
    let outcome =
        scene.run(&["reload", "--config", "other", "--adapter", "caddyfile", "--address", "unix/admin.sock"]);
    outcome.success();
    assert_eq!(scene.get("site.sock", "/"), (200, "three".into()));
}

#[test]
fn only_a_forced_reload_loads_what_runs_already() {
    let scene = Scene::with(&site("one"));
    let mut server = scene.serve(&["run"]);
    scene.run(&["reload"]).success();
    scene.run(&["reload", "--force"]).success();
    server.signal("TERM");
    let (_, said) = server.end();
    // Once at the start and once by force.
    assert_eq!(said.matches("autosaved config").count(), 2, "{said}");
}

#[test]
fn a_broken_caddyfile_changes_nothing() {
    let scene = Scene::with(&site("one"));
    let _server = scene.serve(&["run"]);
    let before = scene.get("admin.sock", "/config/");
    scene.write("Caddyfile", &site("two").replace("respond", "foo"));
    assert_has(scene.run(&["reload"]).failure(), &["Caddyfile:7:2", "foo"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "one".into()));
    assert_eq!(scene.get("admin.sock", "/config/"), before);
}

#[test]
fn a_configuration_that_cannot_be_served_changes_nothing() {
    let scene = Scene::with(&site("one"));
    let _server = scene.serve(&["run"]);
    let before = scene.get("admin.sock", "/config/");
    for broken in [
        // Found when it is decoded, when it is built, and when sockets are bound.
        r#"{"admin":{"listen":"unix/other.sock"},"apps":{"http":{"grace_period":"soon"}}}"#,
        r#"{"admin":{"listen":"unix/other.sock"},"apps":{"http":{"servers":{"a":{"listen":["unix/other-site.sock"],"routes":[{"handle":[{"handler":"push"}]}]}}}}}"#,
        r#"{"admin":{"listen":"unix/other.sock"},"apps":{"http":{"servers":{"a":{"listen":["unix/no/such/folder.sock"]}}}}}"#,
    ] {
        scene.write("broken.json", broken);
        let outcome = scene.run(&["reload", "--config", "broken.json", "--address", "unix/admin.sock"]);
        assert_ne!(outcome.failure(), "");
        assert_eq!(scene.get("site.sock", "/"), (200, "one".into()));
        assert_eq!(scene.get("admin.sock", "/config/"), before);
        for socket in ["other.sock", "other-site.sock"] {
            assert!(!scene.path(socket).exists(), "{socket} of what is not loaded stays behind");
        }
    }
    scene.run(&["reload"]).success();
}

#[test]
fn nobody_there_is_said() {
    let scene = Scene::with(&site("one"));
    for arguments in [&["reload"][..], &["stop"], &["stop", "--address", "unix/admin.sock"]] {
        let arguments = if arguments == ["stop"] { &["stop", "--config", "Caddyfile"] } else { arguments };
        assert_has(scene.run(arguments).failure(), &["unix/admin.sock", "is a server running there?"]);
    }
    scene.write("Caddyfile", "{\n\tadmin off\n}\n");
    assert_has(scene.run(&["reload"]).failure(), &["disabled", "--address"]);
}

#[test]
fn stop_finds_the_endpoint_in_the_configuration() {
    let scene = Scene::with(&site("one"));
    let mut server = scene.serve(&["run"]);
    scene.run(&["stop", "--config", "Caddyfile"]).success();
    let (status, said) = server.end();
    assert!(status.success(), "{said}");
}
