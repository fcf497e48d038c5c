use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use serde_json::{Value as Json, json};

use crate::testing::{
    Folder, folder,
    server::{Server, wait_for},
};

/// A server that writes every line into a file.
struct Scene {
    server: Server,
    folder: Folder,
}

impl std::ops::Deref for Scene {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Scene {
    fn new(mut server: Json) -> Self {
        server["listen"] = json!(["127.0.0.1:0"]);
        let folder = folder(&[("log", "")]);
        let file = format!("{}/log", folder.path());
        let config = json!({
            "logging": {"logs": {"default": {"level": "DEBUG", "writer": {"output": "file", "filename": file}}}},
            "apps": {"http": {"servers": {"s": server}}},
        });
        Self { server: Server::start(config), folder }
    }

    /// Waits for `count` lines about requests and returns them.
    fn lines(&self, count: usize) -> Vec<Json> {
        wait_for("lines", || {
            let text = std::fs::read_to_string(format!("{}/log", self.folder.path())).unwrap();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let lines = whole.lines().map(|line| serde_json::from_str(line).unwrap());
            let lines: Vec<Json> = lines.filter(|line| logger(line).starts_with("http.log.")).collect();
            (lines.len() >= count).then_some(lines)
        })
    }
}

fn logger(line: &Json) -> &str {
    line["logger"].as_str().unwrap_or_default()
}

fn keys(value: &Json) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_line_tells_all_of_a_request() {
    let scene = Scene::new(json!({"logs": {}, "routes": [{"handle": [
        {"handler": "rewrite", "uri": "/elsewhere"},
        {"handler": "headers", "request": {"delete": ["X-Twice"]}},
        {"handler": "static_response", "body": "hello", "headers": {"Set-Cookie": ["a=b"]}},
    ]}]}));
    scene.ask(
        "POST /path?q=1 HTTP/1.1\r\nHost: a.example:8080\r\nAuthorization: secret\r\nx-twice: 1\r\nX-Twice: 2\r\n\
         Content-Length: 3\r\nConnection: close\r\n\r\nabc",
    );
    let line = &scene.lines(1)[0];
    assert_eq!(logger(line), "http.log.access");
    assert_eq!((&line["level"], &line["msg"]), (&json!("info"), &json!("handled request")));
    let request = &line["request"];
    assert_eq!(request["remote_ip"], "127.0.0.1");
    assert_eq!(request["client_ip"], "127.0.0.1");
    assert!(request["remote_port"].as_str().unwrap().parse::<u16>().is_ok());
    for (name, value) in
        [("proto", "HTTP/1.1"), ("method", "POST"), ("host", "a.example:8080"), ("uri", "/path?q=1")]
    {
        assert_eq!(request[name], value);
    }
    assert_eq!(
        request["headers"],
        json!({"Authorization": ["REDACTED"], "X-Twice": ["1", "2"], "Content-Length": ["3"], "Connection": ["close"]})
    );
    assert_eq!((&line["size"], &line["status"]), (&json!(5), &json!(200)));
    assert_eq!(line["user_id"], "");
    assert!(line["duration"].as_f64().unwrap() > 0.0);
    assert_eq!(line["resp_headers"]["Set-Cookie"], json!(["REDACTED"]));
    assert_eq!(line["resp_headers"]["Content-Type"], json!(["text/plain; charset=utf-8"]));
    let expected = [
        "level",
        "ts",
        "logger",
        "msg",
        "request",
        "bytes_read",
        "user_id",
        "duration",
        "size",
        "status",
        "resp_headers",
    ];
    let mut sorted = expected;
    sorted.sort_unstable();
    let mut found = keys(line);
    found.sort_unstable();
    assert_eq!(found, sorted);
}

#[test]
fn credentials_are_shown_where_they_are_wanted() {
    let scene = Scene::new(json!({"logs": {"should_log_credentials": true}}));
    scene.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nConnection: close\r\n\r\n");
    let line = &scene.lines(1)[0];
    assert_eq!(line["request"]["headers"]["Cookie"], json!(["a=b"]));
    assert_eq!((&line["msg"], &line["status"]), (&json!("NOP"), &json!(0)));
}

#[test]
fn hosts_have_loggers_of_their_own() {
    let scene = Scene::new(json!({"logs": {
        "default_logger_name": "rest",
        "logger_names": {"a.example": ["one", "two", ""], "*.b.example": "three", "kept.skip.example": ["four"]},
        "skip_hosts": ["*.skip.example"],
    }}));
    for host in ["A.example:80", "x.b.example", "x.y.b.example", "gone.skip.example", "kept.skip.example"] {
        scene.get("/", host);
    }
    let lines = scene.lines(6);
    let loggers: Vec<_> =
        lines.iter().map(|line| logger(line).trim_start_matches("http.log.access")).collect();
    assert_eq!(loggers, [".one", ".two", "", ".three", ".rest", ".four"]);
}

#[test]
fn unmapped_hosts_can_be_left_out() {
    let scene = Scene::new(json!({"logs": {"logger_names": {"a": ["one"]}, "skip_unmapped_hosts": true}}));
    scene.get("/", "b");
    scene.get("/", "a");
    assert_eq!(logger(&scene.lines(1)[0]), "http.log.access.one");
}

#[test]
fn handlers_decide_whether_and_where() {
    let scene = Scene::new(json!({"logs": {"logger_names": {"a": ["site"]}}, "routes": [
        {"match": [{"path": ["/quiet"]}], "handle": [{"handler": "vars", "log_skip": true}]},
        {"match": [{"path": ["/named"]}], "handle": [
            {"handler": "vars", "access_logger_names": ["x", "y"], "http.auth.user.id": "bob"},
            {"handler": "error", "error": "boom", "status_code": 418},
        ]},
    ]}));
    scene.get("/quiet", "a");
    scene.get("/named", "a");
    let lines = scene.lines(4);
    let loggers: Vec<_> = lines.iter().map(logger).collect();
    assert_eq!(loggers, ["http.log.error.x", "http.log.error.y", "http.log.access.x", "http.log.access.y"]);
    assert_eq!((&lines[2]["user_id"], &lines[2]["status"]), (&json!("bob"), &json!(418)));
}

#[test]
fn errors_are_written_with_what_tells_them_apart() {
    let fails = json!({"handler": "error", "error": "boom", "status_code": 503});
    let scene = Scene::new(json!({"logs": {}, "routes": [{"handle": [fails]}]}));
    scene.get("/a", "a");
    let lines = scene.lines(2);
    let (error, access) = (&lines[0], &lines[1]);
    assert_eq!(
        (logger(error), &error["level"], &error["msg"]),
        ("http.log.error", &json!("error"), &json!("boom"))
    );
    assert_eq!(error["status"], 503);
    assert_eq!(error["err_id"].as_str().unwrap().len(), 9);
    assert!(error["err_trace"].as_str().unwrap().starts_with("http/handlers/error.rs:"));
    assert_eq!(error["request"], access["request"]);
    assert_eq!((&access["level"], &access["status"]), (&json!("error"), &json!(503)));
}

#[test]
fn error_routes_see_the_id_and_their_own_errors_are_told() {
    let fails = |message: &str| json!({"handler": "error", "error": message, "status_code": 500});
    let routes = json!([
        {"match": [{"path": ["/told"]}], "handle": [{"handler": "static_response", "body": "{http.error.id}"}], "terminal": true},
        {"handle": [fails("second")]},
    ]);
    let scene = Scene::new(json!({"routes": [{"handle": [fails("first")]}], "errors": {"routes": routes}}));
    let answer = scene.get("/told", "a");
    scene.get("/", "a");
    let lines = scene.lines(2);
    assert_eq!((&lines[0]["level"], &lines[0]["msg"]), (&json!("debug"), &json!("first")));
    assert!(answer.ends_with(lines[0]["err_id"].as_str().unwrap()), "{answer}");
    assert_eq!((&lines[1]["level"], &lines[1]["error"]), (&json!("error"), &json!("second")));
    assert_eq!(lines[1]["msg"], "error handling handler error");
    assert_eq!(lines[1]["first_error"]["msg"], "first");
    assert_eq!(lines[1]["first_error"]["status"], 500);
}

#[test]
fn a_cut_connection_has_no_status() {
    let scene = Scene::new(
        json!({"logs": {}, "routes": [{"handle": [{"handler": "static_response", "abort": true}]}]}),
    );
    assert_eq!(scene.get("/", "a"), "");
    let line = &scene.lines(1)[0];
    assert_eq!((&line["msg"], &line["status"]), (&json!("handled request"), &json!(0)));
}

fn proxy(upstream: &TcpListener, more: Json) -> Json {
    let mut handler = json!({"handler": "reverse_proxy", "upstreams": [{"dial": upstream.local_addr().unwrap().to_string()}]});
    for (name, value) in more.as_object().unwrap() {
        handler[name] = value.clone();
    }
    json!({"logs": {}, "routes": [{"handle": [handler]}]})
}

/// Reads a head and returns it.
fn head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn bodies_are_counted_as_they_pass() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::new(proxy(&upstream, json!({})));
    let mut client = scene.connect();
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nabcd\r\n0\r\n\r\n").unwrap();
    let (mut wire, _) = upstream.accept().unwrap();
    head(&mut wire);
    wire.read_exact(&mut [0; 14]).unwrap();
    wire.write_all(b"HTTP/1.1 203 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n").unwrap();
    head(&mut client);
    wire.write_all(b"3\r\nuvw\r\n0\r\n\r\n").unwrap();
    client.read_to_end(&mut Vec::new()).unwrap();
    let line = &scene.lines(1)[0];
    assert_eq!((&line["bytes_read"], &line["size"], &line["status"]), (&json!(4), &json!(6), &json!(203)));
    assert_eq!(line["request"]["transfer_encoding"], json!(["chunked"]));
    assert_eq!(line["request"]["headers"], json!({"Connection": ["close"]}));
}

#[test]
fn a_client_that_leaves_is_a_499() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::new(proxy(&upstream, json!({})));
    let mut client = scene.connect();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let (mut wire, _) = upstream.accept().unwrap();
    head(&mut wire);
    drop(client);
    assert_eq!(scene.lines(1)[0]["status"], 499);
}

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCHED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

fn upgraded(scene: &Scene, upstream: &TcpListener) -> (TcpStream, TcpStream) {
    let mut client = scene.connect();
    client.write_all(UPGRADE).unwrap();
    let (mut wire, _) = upstream.accept().unwrap();
    wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    head(&mut wire);
    wire.write_all(SWITCHED).unwrap();
    head(&mut client);
    (client, wire)
}

#[test]
fn the_line_of_a_stream_waits_for_its_end() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::new(proxy(&upstream, json!({})));
    let (mut client, mut wire) = upgraded(&scene, &upstream);
    client.write_all(b"abc").unwrap();
    wire.read_exact(&mut [0; 3]).unwrap();
    wire.write_all(b"hello").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    // Another request is logged first.
    scene.ask("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n");
    let early = scene.lines(2);
    assert!(early.iter().all(|line| line["status"] == 400), "{early:#?}");
    drop((client, wire));
    let line = scene.lines(3).pop().unwrap();
    assert_eq!((&line["status"], &line["bytes_read"], &line["size"]), (&json!(101), &json!(3), &json!(5)));
}

#[test]
fn the_line_of_a_detached_stream_does_not_wait() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::new(proxy(&upstream, json!({"stream_detached": true})));
    let (_client, _wire) = upgraded(&scene, &upstream);
    let line = scene.lines(1).pop().unwrap();
    assert_eq!((&line["status"], &line["bytes_read"], &line["size"]), (&json!(101), &json!(0), &json!(0)));
}

#[test]
fn a_handshake_can_be_left_out() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::new(proxy(&upstream, json!({"stream_logs": {"skip_handshake": true}})));
    drop(upgraded(&scene, &upstream));
    scene.ask("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n");
    assert!(scene.lines(2).iter().all(|line| line["status"] == 400));
}

#[test]
fn what_is_said_of_streams_can_go_where_the_line_goes() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = proxy(&upstream, json!({"stream_logs": {"logger_name": "access"}}));
    server["logs"] = json!({"logger_names": {"a": ["site"]}});
    let scene = Scene::new(server);
    drop(upgraded(&scene, &upstream));
    let lines = scene.lines(3);
    let mut messages: Vec<_> = lines.iter().map(|line| line["msg"].as_str().unwrap()).collect();
    messages.sort_unstable();
    assert_eq!(messages, ["connection closed", "connection opened", "handled request"]);
    assert!(lines.iter().all(|line| logger(line) == "http.log.access.site"), "{lines:#?}");
}

#[test]
fn what_is_not_done_is_refused() {
    let logs = caddis_config::from_value(json!({"trace": true})).unwrap();
    let error = super::Logs::build(&logs, &mut crate::testing::build()).unwrap_err();
    assert_eq!(error.path, "/trace");
}
