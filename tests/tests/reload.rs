//! Reloads: what they change, what they leave alone, and what a failed one does (nothing).

use caddis_tests::{Origin, Server, client};

#[tokio::test]
async fn a_reload_changes_the_answer_and_keeps_the_socket() {
    let server = Server::start("http://127.0.0.1:0 {\n\trespond one\n}\n").await;
    let address = server.address(":0");
    assert_eq!(client::get(address, "127.0.0.1", "/").await.text(), "one");
    assert!(server.load("http://127.0.0.1:0 {\n\trespond two\n}\n").await.unwrap());
    assert_eq!(server.address(":0"), address);
    assert_eq!(client::get(address, "127.0.0.1", "/").await.text(), "two");
    assert!(!server.load("http://127.0.0.1:0 {\n\trespond two\n}\n").await.unwrap(), "nothing changed");
}

#[tokio::test]
async fn a_failed_reload_leaves_everything_as_it_was() {
    let server = Server::start("http://127.0.0.1:0 {\n\trespond one\n}\n").await;
    let address = server.address(":0");
    let admin = server.control.admin_address().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let text = format!(
        "{{\n\tadmin 127.0.0.1:{port}\n}}\nhttp://127.0.0.1:0 {{\n\trespond two\n}}\nhttp://127.0.0.1:{port} {{\n\trespond x\n}}\n"
    );
    let error = server.load(&text).await.unwrap_err().to_string();
    assert!(error.contains(&format!("127.0.0.1:{port}")), "{error}");
    assert_eq!(client::get(address, "127.0.0.1", "/").await.text(), "one");
    assert_eq!(server.control.admin_address(), Some(admin));
}

/// The same port on every interface and on one: for the system they collide.
#[tokio::test]
async fn the_admin_endpoint_can_move_on_its_own_port() {
    let server = Server::start("http://127.0.0.1:0 {\n\trespond one\n}\n").await;
    let port = server.control.admin_address().unwrap().port();
    for host in ["", "127.0.0.1", "localhost", ""] {
        let admin = format!(r#"{{"admin": {{"listen": "{host}:{port}"}}}}"#);
        server.control.load(&admin, true).await.unwrap();
        let there = format!("127.0.0.1:{port}").parse().unwrap();
        let name = format!("localhost:{port}");
        assert_eq!(client::get(there, &name, "/config/admin/listen").await.json(), format!("{host}:{port}"));
    }
}

#[tokio::test]
async fn the_admin_endpoint_keeps_its_socket_when_its_permissions_change() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start("http://127.0.0.1:0 {\n\trespond one\n}\n").await;
    let path = std::env::temp_dir().join(format!("caddis-admin-{}.sock", std::process::id()));
    for mode in [0o200, 0o222] {
        let admin = format!(r#"{{"admin": {{"listen": "unix/{}|{mode:04o}"}}}}"#, path.display());
        server.control.load(&admin, true).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        assert!(tokio::net::UnixStream::connect(&path).await.is_ok());
    }
}

/// A site whose `header_up` changes with each revision, as an unrelated change of a configuration would.
fn proxied(origin: &Origin, revision: usize, options: &str) -> String {
    format!(
        "http://127.0.0.1:0 {{\n\treverse_proxy {} {{\n\t\theader_up X-Revision {revision}\n\t\t{options}\n\t}}\n}}\n",
        origin.address
    )
}

#[tokio::test]
async fn a_detached_stream_outlives_reloads() {
    let origin = Origin::start("o").await;
    let server = Server::start(&proxied(&origin, 0, "stream_detached")).await;
    let address = server.address(":0");
    let mut stream = client::upgrade(address, "127.0.0.1", "/", "stress-stream").await.unwrap();
    for revision in 1..=3 {
        server.load(&proxied(&origin, revision, "stream_detached")).await.unwrap();
        assert_eq!(client::echo(&mut stream, "still here").await.unwrap(), "still here");
    }
    server.load("http://127.0.0.1:0 {\n\trespond gone\n}\n").await.unwrap();
    assert!(client::echo(&mut stream, "still here").await.is_err(), "its upstream was removed");
}

#[tokio::test]
async fn a_stream_is_closed_when_its_handler_changes_and_only_then() {
    let origin = Origin::start("o").await;
    let site = proxied(&origin, 0, "");
    let server = Server::start(&site).await;
    let address = server.address(":0");
    let mut stream = client::upgrade(address, "127.0.0.1", "/", "stress-stream").await.unwrap();
    let beside = format!("{site}http://other.example:0 {{\n\trespond other\n}}\n");
    server.load(&beside).await.unwrap();
    assert_eq!(client::echo(&mut stream, "unchanged").await.unwrap(), "unchanged");
    server.load(&proxied(&origin, 1, "")).await.unwrap();
    assert!(client::echo(&mut stream, "changed").await.is_err());
}
