//! PHP-FPM as a responder, where it is installed.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use bytes::Bytes;
use caddis_tests::{Server, client};

const SCRIPT: &str = r#"<?php
if (($_GET['do'] ?? '') === 'fail') { error_log('a complaint'); http_response_code(500); exit; }
header('X-Method: ' . $_SERVER['REQUEST_METHOD']);
header('X-Method-Override: a', false);
header('X-Method-Override: b', false);
http_response_code((int) ($_GET['status'] ?? 200));
echo json_encode([
    'body' => strlen(file_get_contents('php://input')),
    'script' => $_SERVER['SCRIPT_NAME'],
    'info' => $_SERVER['PATH_INFO'] ?? '',
    'uri' => $_SERVER['REQUEST_URI'],
    'host' => $_SERVER['HTTP_HOST'],
    'extra' => $_SERVER['EXTRA'] ?? '',
    'client' => $_SERVER['REMOTE_ADDR'],
]);
if (isset($_GET['much'])) { echo str_repeat('x', (int) $_GET['much']); }
"#;

/// A PHP-FPM of its own on a unix socket; stopped at the end.
struct Php {
    child: Child,
    folder: PathBuf,
}

impl Drop for Php {
    fn drop(&mut self) {
        // Told to stop, it takes its workers with it; killed, it would leave them behind.
        let stopped = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        if stopped.is_ok_and(|status| status.success()) {
            let _ = self.child.wait();
        }
        // Temporary files that stay behind harm nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn installed() -> Option<PathBuf> {
    let found = ["/usr/local/sbin", "/usr/sbin", "/usr/bin"].into_iter().find_map(|folder| {
        let names = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
        let is_php = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("php-fpm"))
        };
        names.filter(is_php).max()
    });
    if found.is_none() {
        // Whoever runs the tests should know what was not tested.
        std::io::Write::write_all(&mut std::io::stderr(), b"php-fpm is not installed: not tested with it\n")
            .unwrap();
    }
    found
}

impl Php {
    /// `None` where it is not installed.
    fn start(name: &str, children: usize) -> Option<Self> {
        let program = installed()?;
        let folder = std::env::temp_dir().join(format!("caddis-php-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("www")).unwrap();
        fs::write(folder.join("www/index.php"), SCRIPT).unwrap();
        let config = format!(
            "[global]\nerror_log = /proc/self/fd/2\ndaemonize = no\n[www]\nlisten = {}/fpm.sock\nuser = {user}\n\
             pm = static\npm.max_children = {children}\ncatch_workers_output = yes\n",
            folder.display(),
            user = owner(&folder),
        );
        fs::write(folder.join("fpm.conf"), config).unwrap();
        let mut child = Command::new(program)
            .args(["--nodaemonize", "--allow-to-run-as-root", "--no-php-ini", "--fpm-config"])
            .arg(folder.join("fpm.conf"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let php = Self { child, folder };
        let ready = lines.by_ref().map_while(Result::ok).find(|line| line.contains("ready to handle"));
        assert!(ready.is_some(), "php-fpm does not start");
        // Read on, so that it is never stopped by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some(php)
    }

    fn site(&self, options: &str) -> String {
        let folder = self.folder.display();
        format!(
            "http://127.0.0.1:0 {{\n\troot {folder}/www\n\tphp_fastcgi unix/{folder}/fpm.sock {{\n\t\tenv EXTRA {{host}}!\n\
             \t\t{options}\n\t}}\n}}\n"
        )
    }
}

/// The name of the user that a file belongs to, as `ls` knows it.
fn owner(path: &Path) -> String {
    let output = Command::new("stat").args(["--format", "%U"]).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn ask(server: &Server, method: &str, target: &str, body: Bytes) -> client::Answer {
    let request = client::request(method, "127.0.0.1", target);
    client::send(server.address(":0"), request.body(body).unwrap()).await
}

async fn all_kinds_of_requests(server: &Server) {
    let answer = ask(server, "GET", "/index.php/a/b?q=1", Bytes::new()).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-method")), (200, "GET"));
    assert_eq!(answer.headers.get_all("x-method-override").iter().count(), 2);
    let seen = answer.json();
    assert_eq!((&seen["script"], &seen["info"]), (&"/index.php".into(), &"/a/b".into()));
    assert_eq!((&seen["uri"], &seen["extra"]), (&"/index.php/a/b?q=1".into(), &"127.0.0.1!".into()));
    assert_eq!((&seen["host"], &seen["client"]), (&"127.0.0.1".into(), &"127.0.0.1".into()));
    for size in [0, 1, 70_000, 3 << 20] {
        let answer = ask(server, "POST", "/anything", Bytes::from(vec![b'a'; size])).await;
        assert_eq!((&answer.json()["body"], answer.header("x-method")), (&size.into(), "POST"));
    }
    let answer = ask(server, "HEAD", "/", Bytes::new()).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-method"), answer.body.len()), (200, "HEAD", 0));
    assert_eq!(ask(server, "GET", "/?status=404", Bytes::new()).await.status, 404);
    assert_eq!(ask(server, "GET", "/?do=fail", Bytes::new()).await.status, 500);
    assert!(ask(server, "GET", "/?much=2000000", Bytes::new()).await.body.len() > 2_000_000);
}

#[tokio::test]
async fn php_answers_on_a_connection_for_each_request() {
    let Some(php) = Php::start("each", 2) else { return };
    let server = Server::start(&php.site("capture_stderr")).await;
    all_kinds_of_requests(&server).await;
}

/// As many workers as connections that may wait, which is one for each thread.
#[tokio::test]
async fn php_answers_on_kept_connections() {
    let Some(php) = Php::start("kept", 2) else { return };
    let server = Server::start(&php.site("reuse_connections 1m")).await;
    for _ in 0..10 {
        all_kinds_of_requests(&server).await;
    }
}
