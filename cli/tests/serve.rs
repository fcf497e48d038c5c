//! `run`: what it serves, and where it gets its configuration from.

use crate::scene::{Scene, assert_has, get_tcp};

/// A site on a unix socket that gives this answer, and an admin endpoint on another.
pub(crate) fn site(answer: &str) -> String {
    format!("{{\n\tadmin unix/admin.sock\n}}\n\nhttp:// {{\n\tbind unix/site.sock\n\trespond {answer}\n}}\n")
}

#[test]
fn a_caddyfile_beside_is_served_on_sockets_and_ports() {
    let scene =
        Scene::with(&format!("{}\nhttp://:0 {{\n\tbind 127.0.0.1\n\trespond port\n}}\n", site("socket")));
    let mut server = scene.serve(&["run"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "socket".into()));
    assert_eq!(get_tcp(&server.address(), "/"), (200, "port".into()));
    scene.run(&["stop", "--address", "unix/admin.sock"]).success();
    let (status, said) = server.end();
    assert!(status.success(), "{said}");
    for socket in ["site.sock", "admin.sock"] {
        assert!(!scene.path(socket).exists(), "{socket} is removed at the end");
    }
}

#[test]
fn json_is_served() {
    let json = Scene::with(&site("json")).run(&["adapt"]);
    let scene = Scene::new().file("caddy.json", json.success());
    let _server = scene.serve(&["run", "--config", "caddy.json"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "json".into()));
}

#[test]
fn variables_of_files_are_seen_when_adapting_and_when_serving() {
    let scene = Scene::with(&site("\"{$EARLY} {env.LATE}\"")).file("site.env", "EARLY=a\nLATE=b\n");
    let _server = scene.serve(&["run", "--envfile", "site.env"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "a b".into()));
}

#[test]
fn the_environment_is_printed_on_demand() {
    let scene = Scene::with(":8080 {\n\tfoo\n}\n").variable("SITE", "example.com");
    let outcome = scene.run(&["run", "--environ"]);
    outcome.failure();
    assert_has(&outcome.stdout, &["caddis.DataDir=", "\nSITE=example.com\n"]);
}

#[test]
fn a_broken_configuration_is_not_served() {
    let scene = Scene::with(":8080 {\n\tfoo\n}\n");
    let outcome = scene.run(&["run", "--pidfile", "pid"]);
    assert_has(outcome.failure(), &["Caddyfile:2:2", "foo"]);
    let outcome = scene.file("caddy.json", r#"{"apps":{"http":{"grace_period":"soon"}}}"#).run(&[
        "run",
        "--config",
        "caddy.json",
        "--pidfile",
        "pid",
    ]);
    assert_has(outcome.failure(), &["loading initial config", "/apps/http/grace_period"]);
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let scene = Scene::with(&site("hi").replace("respond hi", "push"));
    assert_has(scene.run(&["run"]).failure(), &["push"]);
}

#[test]
fn the_pidfile_is_there_while_the_server_is() {
    let scene = Scene::with(&site("hi"));
    let mut server = scene.serve(&["run", "--pidfile", "pid"]);
    assert_eq!(scene.read("pid"), format!("{}\n", server.id()));
    server.signal("TERM");
    server.end();
    assert!(!scene.path("pid").exists());
    let outcome = scene.run(&["run", "--pidfile", "no/such/folder"]);
    assert_has(outcome.failure(), &["PID file", "no/such/folder"]);
}

#[test]
fn a_port_is_not_shared_with_another_process() {
    let scene = Scene::with("{\n\tadmin off\n}\n\nhttp://:0 {\n\tbind 127.0.0.1\n\trespond first\n}\n");
    let mut server = scene.serve(&["run"]);
    let address = server.address();
    let port = address.rsplit(':').next().unwrap();
    scene.write(
        "second",
        &format!("{{\n\tadmin off\n}}\n\nhttp://:{port} {{\n\tbind 127.0.0.1\n\trespond second\n}}\n"),
    );
    let outcome = scene.run(&["run", "--config", "second", "--adapter", "caddyfile"]);
    assert_has(outcome.failure(), &["loading initial config", &address, "in use"]);
    assert_eq!(get_tcp(&address, "/"), (200, "first".into()));
}

#[test]
fn a_unix_socket_is_not_taken_from_another_process() {
    let scene = Scene::with(&site("first"));
    let _server = scene.serve(&["run"]);
    scene.write("second", &site("second").replace("admin.sock", "other.sock"));
    let outcome = scene.run(&["run", "--config", "second", "--adapter", "caddyfile"]);
    assert_has(outcome.failure(), &["site.sock", "in use"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "first".into()));
}

#[test]
fn a_run_resumes_where_the_last_one_was() {
    let scene = Scene::with(&site("file"));
    let mut first = scene.serve(&["run", "--resume"]);
    assert_has(&first.said(), &["no autosave file exists"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "file".into()));
    let config = scene.get("admin.sock", "/config/").1;
    let (status, body) = scene.post("admin.sock", "/load", &config.replace("\"file\"", "\"api\""));
    assert_eq!(status, 200, "{body}");
    first.signal("TERM");
    first.end();
    let mut second = scene.serve(&["run", "--resume"]);
    assert_has(&second.said(), &["resuming from last configuration"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "api".into()));
    // The file is no longer what runs.
    second.signal("USR1");
    second.wait_for("last config unknown, ignored SIGUSR1");
    assert_eq!(scene.get("site.sock", "/"), (200, "api".into()));
}

#[test]
fn without_a_file_the_admin_api_gives_the_configuration() {
    let scene = Scene::new().variable("CADDY_ADMIN", "unix/admin.sock");
    let config = Scene::with(&site("api")).run(&["adapt"]);
    let _server = scene.serve(&["run"]);
    let (status, body) = scene.post("admin.sock", "/load", config.success());
    assert_eq!(status, 200, "{body}");
    assert_eq!(scene.get("site.sock", "/"), (200, "api".into()));
}

#[test]
fn a_watched_file_is_loaded_when_it_changes() {
    let scene = Scene::with(&site("one").replace("respond one", "import answer"));
    scene.write("answer", "respond one\n");
    let mut server = scene.serve(&["run", "--watch", "--diagnostics", "concise"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "one".into()));
    // Imported files count too.
    scene.write("answer", "respond two\n");
    server.wait_for("config reloaded");
    assert_eq!(scene.get("site.sock", "/"), (200, "two".into()));
    scene.write("answer", "foo\n");
    server.wait_for("the one before goes on");
    assert_has(&server.said(), &["answer:1:1", "foo"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "two".into()));
    scene.write("answer", "respond three\n");
    server.wait_for("config reloaded");
    assert_eq!(scene.get("site.sock", "/"), (200, "three".into()));
}

#[test]
fn there_must_be_something_to_watch() {
    let scene = Scene::new();
    assert_has(scene.run(&["run", "--watch"]).failure(), &["--watch", "--config"]);
    let outcome =
        scene.run_with_input(&["run", "--watch", "--config", "-", "--adapter", "caddyfile"], &site("hi"));
    assert_has(outcome.failure(), &["--watch", "standard input"]);
}
