//! Servers that the command line describes: `respond`, `file-server` and `reverse-proxy`.

use crate::scene::{Scene, assert_has, get_tcp};

#[test]
fn respond_answers_with_a_body_and_a_status() {
    let scene = Scene::new();
    for (arguments, answer) in [
        (&["hello"][..], (200, "hello")),
        (&["404"], (404, "")),
        (&["--status", "201", "--body", "a \"b\" {c}"], (201, "a \"b\" {c}")),
        (&["--body", "hello", "202"], (202, "hello")),
    ] {
        let mut server = scene.serve(&[&["respond", "--listen", "127.0.0.1:0"], arguments].concat());
        assert_eq!(get_tcp(&server.address(), "/any"), (answer.0, answer.1.to_owned()));
    }
}

#[test]
fn respond_logs_accesses_on_demand() {
    let scene = Scene::new();
    let mut server = scene.serve(&["respond", "--listen", "127.0.0.1:0", "--access-log", "hello"]);
    let address = server.address();
    get_tcp(&address, "/path");
    assert_has(&server.wait_for("handled request"), &["\"uri\":\"/path\"", "\"status\":200"]);
}

#[test]
fn such_servers_have_no_admin_endpoint_and_save_nothing() {
    let scene = Scene::new().variable("CADDY_ADMIN", "unix/admin.sock");
    let mut server = scene.serve(&["respond", "--listen", "127.0.0.1:0", "hello"]);
    assert_eq!(get_tcp(&server.address(), "/"), (200, "hello".into()));
    assert!(!scene.path("admin.sock").exists());
    assert!(!scene.path("home/caddis/autosave.json").exists());
    server.signal("INT");
    let (status, said) = server.end();
    assert!(status.success(), "{said}");
}

#[test]
fn respond_names_mistakes() {
    let scene = Scene::new();
    assert_has(
        scene.run(&["respond", "--header", "nonsense", "hi"]).failure(),
        &["nonsense", "Field: value"],
    );
    assert_has(scene.run(&["respond", "{{.Port}}"]).failure(), &["template"]);
}

#[test]
fn file_server_serves_a_folder() {
    let scene = Scene::new().file("root/a.txt", "a file").file("root/index.html", "an index");
    let mut server = scene.serve(&["file-server", "--listen", "127.0.0.1:0", "--root", "root"]);
    let address = server.address();
    assert_eq!(get_tcp(&address, "/a.txt"), (200, "a file".into()));
    assert_eq!(get_tcp(&address, "/"), (200, "an index".into()));
    assert_eq!(get_tcp(&address, "/b.txt").0, 404);
}

#[test]
fn file_server_lists_folders_on_demand() {
    let scene = Scene::new().file("root/a.txt", "a file").file("root/b.txt", "another");
    let arguments = ["file-server", "--listen", "127.0.0.1:0", "--root", "root", "--browse"];
    let limited =
        [&arguments[..], &["--file-limit", "1", "--reveal-symlinks", "--precompressed", "gzip"]].concat();
    for (arguments, count) in [(&arguments[..], 2), (&limited, 1)] {
        let (status, page) = get_tcp(&scene.serve(arguments).address(), "/");
        assert_eq!((status, page.matches(".txt</a>").count()), (200, count), "{page}");
    }
}

#[test]
fn file_server_refuses_what_it_does_not_do() {
    let outcome = Scene::new().run(&["file-server", "--templates"]);
    assert_has(outcome.failure(), &["--templates", "not supported"]);
}

#[test]
fn reverse_proxy_forwards_with_changed_headers() {
    let scene = Scene::with(
        "{\n\tadmin off\n}\n\nhttp://:0 {\n\tbind 127.0.0.1\n\trespond \"{path} {header.X-Up} {host}\"\n}\n",
    );
    let mut upstream = scene.serve(&["run"]);
    let to = upstream.address();
    let mut proxy = scene.serve(&[
        "reverse-proxy",
        "--from",
        ":0",
        "--to",
        &to,
        "--change-host-header",
        "--header-up",
        "X-Up: yes",
    ]);
    let host = to.rsplit_once(':').unwrap().0;
    assert_eq!(get_tcp(&proxy.address(), "/path"), (200, format!("/path yes {host}")));
}

#[test]
fn reverse_proxy_needs_upstreams() {
    assert_has(Scene::new().run(&["reverse-proxy"]).failure(), &["--to is required"]);
}
