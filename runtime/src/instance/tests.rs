use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    sync::Weak,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::*;
use crate::{
    Runtime,
    logging::{Level, Logger, Stderr},
    shard::Shards,
};

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

pub(super) fn runtime() -> Runtime {
    let logger = Logger::root(Box::new(Stderr(Level::Error)));
    Runtime::new(Arc::new(Process::new(Shards::start(2).unwrap(), logger)))
}

fn config(servers: Value) -> Config {
    let logs = json!({"default": {"writer": {"output": "discard"}}});
    let config = json!({"logging": {"logs": logs}, "apps": {"http": {"servers": servers}}});
    caddis_config::from_value(config).unwrap()
}

fn listening_on(addresses: &[&str]) -> Config {
    config(json!({"a": {"listen": addresses}}))
}

fn address(runtime: &Runtime, number: usize) -> SocketAddr {
    runtime.with_instance(|instance| instance.unwrap().listeners().nth(number).unwrap().local.unwrap())
}

fn connect(runtime: &Runtime) -> TcpStream {
    let stream = TcpStream::connect(address(runtime, 0)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Reads one response without a body.
pub(super) fn head(stream: &mut impl Read) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "ended after {:?}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// Waits for what another thread is about to do.
pub(super) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}

fn weak_servers(runtime: &Runtime) -> Vec<Weak<Server>> {
    runtime.with_instance(|instance| instance.unwrap().servers().iter().map(Arc::downgrade).collect())
}

#[test]
fn requests_are_answered_one_after_the_other_and_in_a_row() {
    let runtime = runtime();
    assert!(runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap());
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
    stream.write_all(&[ASK, ASK].concat()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(head(&mut stream).contains("Server: "));
}

#[test]
fn a_request_without_a_host_is_refused() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let mut stream = connect(&runtime);
    stream.write_all(b"GET / HTTP/1.1\r\nHost:\r\n\r\n").unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 400 "));
}

#[test]
fn too_large_a_head_is_refused() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let mut stream = connect(&runtime);
    let head_of = |size| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(size));
    stream.write_all(head_of(18_000).as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 "));
    stream.write_all(head_of(21_000).as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 431 "));
}

#[test]
fn http2_without_tls_is_spoken_where_it_is_asked_for() {
    let runtime = runtime();
    let servers = json!({"a": {"listen": ["127.0.0.1:0"], "protocols": ["h1", "h2c"]}});
    runtime.load(&config(servers), false).unwrap();
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = address(&runtime, 0);
    let status = client.block_on(async move {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let request = hyper::Request::get(format!("http://{address}/")).body(String::new());
        sender.send_request(request.unwrap()).await.unwrap().status()
    });
    assert_eq!(status, 200);
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_reload_keeps_sockets_and_connections_and_nothing_else() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let (first, old) = (address(&runtime, 0), weak_servers(&runtime));
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    head(&mut stream);
    assert!(
        !runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap(),
        "equal configurations change nothing"
    );
    assert!(runtime.load(&listening_on(&["127.0.0.1:0"]), true).unwrap());
    assert_eq!(address(&runtime, 0), first);
    until("the old server is dropped", || old[0].upgrade().is_none());
    stream.write_all(ASK).unwrap();
    head(&mut stream);
}

#[test]
fn a_removed_listener_lets_go_of_its_connections() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let (first, old) = (address(&runtime, 0), weak_servers(&runtime));
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    head(&mut stream);
    runtime.load(&listening_on(&["[::1]:0"]), false).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "an idle connection is closed");
    until("nobody accepts", || TcpStream::connect(first).is_err());
    until("the old server is dropped", || old[0].upgrade().is_none());
}

#[test]
fn a_failed_load_leaves_everything_as_it_was() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let first = address(&runtime, 0);
    // A process that would share its port, as a second server of our own kind would.
    let holder = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    holder.set_reuse_port(true).unwrap();
    holder.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    holder.listen(1).unwrap();
    let taken = holder.local_addr().unwrap().as_socket().unwrap().to_string();
    let servers = json!({"a": {"listen": ["127.0.0.1:0"]}, "b": {"listen": [taken.clone()]}});
    let error = runtime.load(&config(servers.clone()), false).unwrap_err();
    assert_eq!(error.path, "/apps/http/servers/b/listen/0");
    assert!(error.message.contains(&taken) && error.message.contains("another process"), "{error}");
    assert_eq!(address(&runtime, 0), first);
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    head(&mut stream);
    drop(holder);
    runtime.load(&config(servers), false).unwrap();
}

#[test]
fn a_port_can_come_back_at_once() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let fixed = address(&runtime, 0).to_string();
    for _ in 0..20 {
        runtime.load(&listening_on(&[&fixed]), false).unwrap();
        runtime.load(&listening_on(&["[::1]:0"]), false).unwrap();
    }
    runtime.load(&listening_on(&[&fixed]), false).unwrap();
    until("the port answers", || {
        let Ok(mut stream) = TcpStream::connect(&fixed) else { return false };
        stream.write_all(ASK).is_ok() && stream.read(&mut [0]).is_ok_and(|count| count == 1)
    });
}

#[test]
fn unix_sockets_have_their_permissions_and_leave_no_file() {
    let folder = std::env::temp_dir().join(format!("caddis-listen-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.sock");
    std::fs::write(&path, "left behind").unwrap();
    let runtime = runtime();
    runtime.load(&listening_on(&[&format!("unix/{}|0220", path.display())]), false).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o220);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(ASK).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
    runtime.load(&listening_on(&[&format!("unix/{}|0222", path.display())]), false).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o222);
    stream.write_all(ASK).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"), "the connection outlives the change");
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    assert!(!path.exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_stop_waits_for_connections() {
    let runtime = runtime();
    runtime.load(&listening_on(&["127.0.0.1:0"]), false).unwrap();
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    head(&mut stream);
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    waiting.block_on(runtime.stop());
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(runtime.with_instance(|instance| instance.is_none()));
}

#[test]
fn the_proxy_protocol_names_the_client() {
    let runtime = runtime();
    let body = json!([{"handler": "static_response", "body": "{http.request.remote}"}]);
    let wrapper = json!({"wrapper": "proxy_protocol", "allow": ["127.0.0.1/32"]});
    let servers = json!({"a": {"listen": ["127.0.0.1:0"], "listener_wrappers": [wrapper], "routes": [{"handle": body}]}});
    runtime.load(&config(servers), false).unwrap();
    let mut stream = connect(&runtime);
    stream
        .write_all(b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\nGET / HTTP/1.0\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\n192.0.2.1:4711"), "{answer}");
}

#[test]
fn a_client_that_never_speaks_does_not_hold_up_a_stop() {
    let runtime = runtime();
    let servers = json!({"a": {"listen": ["127.0.0.1:0"], "protocols": ["h1", "h2c"]}});
    runtime.load(&config(servers), false).unwrap();
    let mut stream = connect(&runtime);
    let listener =
        runtime.with_instance(|instance| Arc::clone(instance.unwrap().listeners().next().unwrap()));
    until("the connection is accepted", || listener.open_connections() == 1);
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    waiting.block_on(runtime.stop());
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

fn limited(limits: Value) -> Runtime {
    let runtime = runtime();
    let mut server = json!({"listen": ["127.0.0.1:0"]});
    for (name, limit) in limits.as_object().unwrap() {
        server[name] = limit.clone();
    }
    runtime.load(&config(json!({"a": server})), false).unwrap();
    runtime
}

/// What comes until the server closes.
fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // Unread bytes of ours may turn the close into a reset.
    let end = stream.read_to_end(&mut answer);
    assert!(!end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "never closed");
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_head_must_come_in_time() {
    let runtime = limited(json!({"read_header_timeout": "50ms"}));
    let mut stream = connect(&runtime);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").unwrap();
    assert_eq!(rest(&mut stream), "");
    assert_eq!(rest(&mut connect(&runtime)), "", "nothing at all is too slow as well");
}

#[test]
fn an_idle_connection_is_closed_in_time() {
    let runtime = limited(json!({"idle_timeout": "50ms"}));
    let mut stream = connect(&runtime);
    stream.write_all(ASK).unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_body_must_come_in_time() {
    for limit in ["read_idle_timeout", "read_timeout"] {
        let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = json!({
            "handler": "reverse_proxy",
            "upstreams": [{"dial": upstream.local_addr().unwrap().to_string()}],
        });
        let runtime = limited(json!({limit: "50ms", "routes": [{"handle": [proxy]}]}));
        let mut stream = connect(&runtime);
        stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").unwrap();
        let mut sent = Vec::new();
        drop(upstream.accept().unwrap().0.read_to_end(&mut sent));
        assert!(sent.ends_with(b"ab"), "the request is given up without the rest of its body");
        rest(&mut stream);
    }
}

fn with_app(settings: Value, servers: Value) -> Config {
    let mut app = settings;
    app["servers"] = servers;
    let logs = json!({"default": {"writer": {"output": "discard"}}});
    caddis_config::from_value(json!({"logging": {"logs": logs}, "apps": {"http": app}})).unwrap()
}

#[test]
fn the_grace_period_cuts_requests_that_take_too_long() {
    let runtime = runtime();
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dial = upstream.local_addr().unwrap().to_string();
    let proxy = json!([{"handler": "reverse_proxy", "upstreams": [{"dial": dial}]}]);
    let servers = json!({"a": {"listen": ["127.0.0.1:0"], "routes": [{"handle": proxy}]}});
    runtime.load(&with_app(json!({"grace_period": "50ms"}), servers), false).unwrap();
    let (old, mut stream) = (weak_servers(&runtime), connect(&runtime));
    stream.write_all(ASK).unwrap();
    let waiting = upstream.accept().unwrap();
    runtime.load(&listening_on(&["[::1]:0"]), false).unwrap();
    assert_eq!(rest(&mut stream), "", "cut without an answer");
    until("the old server is dropped", || old[0].upgrade().is_none());
    drop(waiting);
}

#[test]
fn the_shutdown_delay_keeps_a_removed_listener_open() {
    let runtime = runtime();
    let servers = json!({"a": {"listen": ["127.0.0.1:0"]}});
    runtime.load(&with_app(json!({"shutdown_delay": "1h"}), servers), false).unwrap();
    let first = address(&runtime, 0);
    runtime.load(&listening_on(&["[::1]:0"]), false).unwrap();
    let mut stream = TcpStream::connect(first).unwrap();
    stream.write_all(ASK).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_request_runs_to_its_end_under_the_server_that_it_began_with() {
    let runtime = runtime();
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dial = upstream.local_addr().unwrap().to_string();
    let proxy = json!([{"handler": "reverse_proxy", "upstreams": [{"dial": dial}]}]);
    let servers = json!({"a": {"listen": ["127.0.0.1:0"], "routes": [{"handle": proxy}]}});
    runtime.load(&config(servers), false).unwrap();
    let (old, mut stream) = (weak_servers(&runtime), connect(&runtime));
    stream.write_all(ASK).unwrap();
    let (mut answering, _) = upstream.accept().unwrap();
    head(&mut answering);
    let said = json!([{"handler": "static_response", "status_code": 204}]);
    let servers = json!({"a": {"listen": ["127.0.0.1:0"], "routes": [{"handle": said}]}});
    runtime.load(&config(servers), false).unwrap();
    answering.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 202 "));
    until("the old server is dropped", || old[0].upgrade().is_none());
    stream.write_all(ASK).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 204 "), "the same connection, the new server");
}
