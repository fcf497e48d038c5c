//! What signals do to a server.

use crate::{
    scene::{Scene, assert_has},
    serve::site,
};

#[test]
fn interrupt_and_terminate_end_a_server_gracefully() {
    for signal in ["INT", "TERM"] {
        let scene = Scene::with(&site("hi"));
        let mut server = scene.serve(&["run"]);
        server.signal(signal);
        let (status, said) = server.end();
        assert!(status.success(), "{said}");
        assert_has(&said, &["shutting down", &format!("SIG{signal}")]);
    }
}

#[test]
fn quit_ends_a_server_at_once_with_status_2() {
    let scene = Scene::with(&site("hi"));
    let mut server = scene.serve(&["run"]);
    server.signal("QUIT");
    let (status, said) = server.end();
    assert_eq!(status.code(), Some(2), "{said}");
}

#[test]
fn hang_ups_and_the_second_user_signal_are_ignored() {
    let scene = Scene::with(&site("hi"));
    let mut server = scene.serve(&["run"]);
    for signal in ["HUP", "USR2", "PIPE"] {
        server.signal(signal);
        assert_eq!(scene.get("site.sock", "/"), (200, "hi".into()));
    }
    server.signal("TERM");
    let (status, said) = server.end();
    assert!(status.success(), "{said}");
}

#[test]
fn the_first_user_signal_loads_the_file_again() {
    let scene = Scene::with(&site("one"));
    let mut server = scene.serve(&["run", "--diagnostics", "concise"]);
    scene.write("Caddyfile", &site("two"));
    server.signal("USR1");
    server.wait_for("config reloaded");
    assert_eq!(scene.get("site.sock", "/"), (200, "two".into()));
    scene.write("Caddyfile", &site("three").replace("respond", "foo"));
    server.signal("USR1");
    server.wait_for("the one before goes on");
    assert_has(&server.said(), &["Caddyfile:7:2", "foo"]);
    assert_eq!(scene.get("site.sock", "/"), (200, "two".into()));
}

#[test]
fn a_server_without_a_file_has_nothing_to_load_again() {
    let scene = Scene::with(&site("not me"));
    let mut server = scene.serve(&["respond", "--listen", "127.0.0.1:0", "me"]);
    let address = server.address();
    server.signal("USR1");
    server.wait_for("last config unknown, ignored SIGUSR1");
    assert_eq!(crate::scene::get_tcp(&address, "/"), (200, "me".into()));
}
