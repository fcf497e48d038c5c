//! Ten Caddyfiles of different kinds from public repositories, served: statuses, bodies and headers as their authors meant.

use std::fs;

use bytes::Bytes;
use caddis_tests::{
    Origin,
    client::{get, request, send, send_tls},
    real::RealFile,
};

#[tokio::test]
async fn redirects_and_proxied_paths() {
    let Some(file) = RealFile::load("001") else { return };
    let origin = Origin::start("cache").await;
    let (_server, at) = file.with("localhost:5175", &origin.address.to_string()).run().await;
    let address = at(":5173");
    let redirect = get(address, "labs.example", "/cache-invalidation").await;
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (301, "/cache-invalidation/"));
    let proxied = get(address, "labs.example", "/cache-invalidation/x?y=1").await;
    assert_eq!(proxied.status, 200);
    assert_eq!(proxied.json()["target"], "/cache-invalidation/x?y=1");
    assert_eq!(proxied.json()["headers"]["x-forwarded-host"], "labs.example");
    assert!(get(address, "labs.example", "/").await.text().starts_with("System Design Labs"));
    assert_eq!(get(address, "labs.example", "/nothing").await.text(), "");
}

#[tokio::test]
async fn hosts_with_internal_certificates() {
    let Some(file) = RealFile::load("010") else { return };
    let (hello, taida) = (Origin::start("hello").await, Origin::start("taida").await);
    let file =
        file.with("hello:5173", &hello.address.to_string()).with("taida:5173", &taida.address.to_string());
    let (_server, at) = file.run().await;
    for name in ["hello", "taida"] {
        let host = format!("{name}.localhost");
        let answer = send_tls(at(":443"), request("GET", &host, "/").body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.json()["origin"], name);
        assert_eq!(answer.json()["headers"]["x-forwarded-proto"], "https");
    }
}

#[tokio::test]
async fn nested_handles_with_rewritten_paths() {
    let Some(file) = RealFile::load("051") else { return };
    let (ledger, device) = (Origin::start("ledger").await, Origin::start("device").await);
    let file = file
        .with("ledger:8080", &ledger.address.to_string())
        .with("device:8080", &device.address.to_string());
    let (_server, at) = file.run().await;
    let balance = get(at(":80"), "h", "/devices/7/balance?now").await.json();
    assert_eq!(
        (&balance["origin"], &balance["target"]),
        (&"ledger".into(), &"/api/v1/devices/7/balance?now".into())
    );
    let other = get(at(":80"), "h", "/devices/7").await.json();
    assert_eq!((&other["origin"], &other["target"]), (&"device".into(), &"/api/v1/devices/7".into()));
    assert_eq!(get(at(":80"), "h", "/health").await.status, 200);
    assert_eq!(get(at(":80"), "h", "/elsewhere").await.status, 404);
}

#[tokio::test]
async fn a_single_page_application() {
    let Some(file) = RealFile::load("052") else { return };
    let root = Root::new("spa");
    root.write("index.html", "<h1>app</h1>");
    root.write("app.js", "let app;");
    let (_server, at) = file.with("/usr/share/caddy", &root.path()).run().await;
    let script = get(at(":80"), "h", "/app.js").await;
    assert_eq!((script.status.as_u16(), script.text().as_str()), (200, "let app;"));
    assert!(script.header("content-type").starts_with("text/javascript"), "{:?}", script.headers);
    let route = get(at(":80"), "h", "/some/client/route").await;
    assert_eq!((route.status.as_u16(), route.text().as_str()), (200, "<h1>app</h1>"));
    assert_eq!(route.header("x-frame-options"), "DENY");
    assert!(!route.header("etag").is_empty());
    let again = request("GET", "h", "/app.js").header("if-none-match", script.header("etag"));
    assert_eq!(send(at(":80"), again.body(Bytes::new()).unwrap()).await.status, 304);
    let part = request("GET", "h", "/app.js").header("range", "bytes=4-6");
    let part = send(at(":80"), part.body(Bytes::new()).unwrap()).await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "app"));
}

#[tokio::test]
async fn a_public_name_with_encoding_and_headers() {
    let Some(file) = RealFile::load("066") else { return };
    let (backend, frontend) = (Origin::start("backend").await, Origin::start("frontend").await);
    let file = file
        .with("backend:8000", &backend.address.to_string())
        .with("frontend:80", &frontend.address.to_string())
        .with_internal_certificates();
    let (_server, at) = file.run().await;
    let long = "a".repeat(2000);
    let call = request("POST", "example.com", "/api/x").header("accept-encoding", "gzip");
    let answer = send_tls(at(":443"), call.body(Bytes::from(long)).unwrap()).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() < 1000, "{} bytes", answer.body.len());
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("server"), "");
    let page = send_tls(at(":443"), request("GET", "example.com", "/").body(Bytes::new()).unwrap()).await;
    assert_eq!(page.json()["origin"], "frontend");
}

#[tokio::test]
async fn precompressed_files() {
    let Some(file) = RealFile::load("078") else { return };
    let root = Root::new("webgl");
    root.write("game.data", "plain");
    root.write("game.data.br", "brotli, as far as the server knows");
    root.write("code.js.gz", "gzip, as far as the server knows");
    let (_server, at) = file.with("../../buildWebGL", &root.path()).run().await;
    let call = request("GET", "localhost:8080", "/game.data").header("accept-encoding", "gzip, br");
    let answer = send(at(":8080"), call.body(Bytes::new()).unwrap()).await;
    assert_eq!(answer.header("content-encoding"), "br");
    assert_eq!(answer.text(), "brotli, as far as the server knows");
    let code = get(at(":8080"), "localhost:8080", "/code.js.gz").await;
    assert_eq!(code.header("content-type"), "application/javascript");
    assert_eq!(code.header("cache-control"), "no-cache, no-store, must-revalidate");
}

#[tokio::test]
async fn a_blog_with_moved_posts() {
    let Some(file) = RealFile::load("108") else { return };
    let root = Root::new("blog");
    root.write("index.html", "blog");
    root.write("style.css", "p {}");
    let (_server, at) =
        file.with("/var/www/blog-devops/", &root.path()).with_internal_certificates().run().await;
    let ask = |target: &'static str| {
        send_tls(at(":443"), request("GET", "blog.davidv.dev", target).body(Bytes::new()).unwrap())
    };
    let moved = ask("/old-post.html").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (302, "http://blog.davidv.dev/posts/old-post")
    );
    let style = ask("/style.css").await;
    assert_eq!((style.header("cache-control"), style.header("ip_address")), ("max-age=86400", "127.0.0.1"));
    assert_eq!(ask("/").await.header("cache-control"), "");
}

#[tokio::test]
async fn two_hosts_on_one_port() {
    let Some(file) = RealFile::load("114") else { return };
    let api = Origin::start("api").await;
    let root = Root::new("react");
    root.write("index.html", "react");
    let file = file
        .with("helpdesk-api-gateway:8000", &api.address.to_string())
        .with("/usr/share/caddy/react", &root.path());
    let (_server, at) = file.run().await;
    let page = get(at(":80"), "help-desk.dorukemre.dev", "/tickets/1").await;
    assert_eq!((page.text().as_str(), page.header("x-frame-options")), ("react", "DENY"));
    let answer = get(at(":80"), "api.help-desk.dorukemre.dev", "/v1").await;
    assert_eq!(answer.json()["origin"], "api");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(get(at(":80"), "elsewhere.example", "/").await.text(), "");
}

#[tokio::test]
async fn error_pages_when_upstreams_are_down() {
    let Some(file) = RealFile::load("123") else { return };
    let api = Origin::start("api").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let root = Root::new("static");
    root.write("site.css", "p {}");
    let file = file
        .with("host.docker.internal:3000", &closed.to_string())
        .with("api:8000", &api.address.to_string())
        .with("/srv/django_static/static", &root.path())
        .with("dummy", "192.0.2.1");
    let (_server, at) = file.run().await;
    let down = get(at(":8080"), "h", "/").await;
    assert_eq!((down.status.as_u16(), down.text().as_str()), (502, "Turn on the dev server."));
    assert_eq!(get(at(":8888"), "h", "/static/site.css").await.text(), "p {}");
    assert_eq!(get(at(":8888"), "h", "/admin/").await.json()["origin"], "api");
}

#[tokio::test]
async fn an_application_below_a_path() {
    let Some(file) = RealFile::load("312") else { return };
    let root = Root::new("below");
    root.write("index.html", "admin");
    root.write("app.js", "js");
    let (_server, at) = file.with("/site/sh-admin-subpath-access", &root.path()).run().await;
    for listen in [":80", ":3100"] {
        assert_eq!(get(at(listen), "h", "/admin/app.js").await.text(), "js");
        assert_eq!(get(at(listen), "h", "/admin/deep/link").await.text(), "admin");
        assert_eq!(get(at(listen), "h", "/elsewhere").await.status, 404);
    }
}

/// A folder that is removed at the end.
struct Root(std::path::PathBuf);

impl Root {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("caddis-real-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).unwrap();
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // What stays behind in the temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
