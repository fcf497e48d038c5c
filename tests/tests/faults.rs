//! What goes wrong between clients, proxy and upstreams, made to happen on real sockets: what each side sees of it, what the
//! logs say, and that nothing stays behind. The table in `fixtures/faults.md` is what this finds.

use std::{fmt::Write as _, future::Future, net::SocketAddr, pin::Pin};

use caddis_tests::Server;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::oneshot,
};

use crate::pages::assert_ends_with;

const GET: &str = "GET /case HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

const UPLOAD: &str = "POST /case HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\npart";
const FLOOD: &str = "POST /case HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000000000\r\n\r\n";
const CHUNK: &str =
    "POST /case HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n";
const CHUNKS: &str =
    "POST /case HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n9\r\nha";

/// The log in the folder of a server.
const LOG: &str = "log";

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// What the upstream does with the connection that it is given; what it saw at the end.
type Upstream = Box<dyn FnOnce(TcpStream) -> Boxed<String> + Send>;
/// What the client does; what it saw.
type Client = Box<dyn FnOnce(TcpStream) -> Boxed<String> + Send>;

/// One fault.
struct Case {
    name: &'static str,
    /// Lines in the option `timeouts` of servers.
    timeouts: &'static str,
    /// Lines in the block of `reverse_proxy`.
    options: &'static str,
    upstream: Option<Upstream>,
    client: Client,
}

fn case(name: &'static str, options: &'static str, upstream: Upstream, client: Client) -> Case {
    Case { name, timeouts: "", options, upstream: Some(upstream), client }
}

/// Reads the request and answers, then does something to the connection.
fn answers<F>(answer: &'static str, then: impl FnOnce(TcpStream) -> F + Send + 'static) -> Upstream
where
    F: Future<Output = String> + Send + 'static,
{
    Box::new(move |mut stream| {
        Box::pin(async move {
            read_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            then(stream).await
        })
    })
}

async fn closes(stream: TcpStream) -> String {
    drop(stream);
    "closed it".to_owned()
}

async fn resets(stream: TcpStream) -> String {
    stream.set_zero_linger().unwrap();
    drop(stream);
    "reset it".to_owned()
}

/// Waits for what the proxy does.
async fn waits(mut stream: TcpStream) -> String {
    match stream.read_to_end(&mut Vec::new()).await {
        Ok(_) => "was closed".to_owned(),
        Err(_) => "was reset".to_owned(),
    }
}

async fn half_closes(mut stream: TcpStream) -> String {
    stream.shutdown().await.unwrap();
    waits(stream).await
}

/// Sends a body of 10 GB until nobody takes it.
async fn floods(mut stream: TcpStream) -> String {
    let piece = vec![b'x'; 1 << 16];
    let mut sent = 0_u64;
    while sent < 10_000_000_000 {
        match stream.write(&piece).await {
            Ok(written) => sent += written as u64,
            Err(_) => break,
        }
    }
    // What fits into the buffers of the kernel and of the proxy.
    assert!(sent < 64 << 20, "{sent} bytes were taken although the client did not read");
    "was closed, with little of it sent".to_owned()
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

/// Sends a request and tells what came back.
fn asks(request: &'static str) -> Client {
    Box::new(move |mut stream| {
        Box::pin(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            answered(stream).await
        })
    })
}

/// Sends a request, reads so much of the answer, and leaves.
fn leaves(request: &'static str, after: usize, reset: bool) -> Client {
    Box::new(move |mut stream| {
        Box::pin(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_exact(&mut vec![0; after]).await.unwrap();
            if reset {
                stream.set_zero_linger().unwrap();
            }
            "left".to_owned()
        })
    })
}

/// A client that does something to its connection once the upstream has the head of its request and `part` of the body.
fn spoils<F>(
    name: &'static str,
    request: &'static str,
    part: &'static str,
    spoil: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> Case
where
    F: Future<Output = String> + Send + 'static,
{
    let (there, arrived) = oneshot::channel();
    let upstream: Upstream = Box::new(move |mut stream| {
        Box::pin(async move {
            read_head(&mut stream).await;
            let mut read = vec![0; part.len()];
            stream.read_exact(&mut read).await.unwrap();
            assert_eq!(read, part.as_bytes());
            there.send(()).unwrap();
            waits(stream).await
        })
    });
    let client: Client = Box::new(move |mut stream| {
        Box::pin(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            arrived.await.unwrap();
            spoil(stream).await
        })
    });
    case(name, "", upstream, client)
}

/// A client that sends 10 GB until nobody takes any more of it, and leaves.
fn client_floods() -> Case {
    let (gone, left) = oneshot::channel();
    let upstream: Upstream = Box::new(move |mut stream| {
        Box::pin(async move {
            read_head(&mut stream).await;
            left.await.unwrap();
            let mut body = Vec::new();
            let end = stream.read_to_end(&mut body).await;
            assert!(
                body.len() < 64 << 20,
                "{} bytes were taken although the upstream did not read",
                body.len()
            );
            end.map_or("was reset", |_| "was closed, with little of it sent").to_owned()
        })
    });
    let client: Client = Box::new(move |mut stream| {
        Box::pin(async move {
            stream.write_all(FLOOD.as_bytes()).await.unwrap();
            let (piece, mut full) = (vec![b'x'; 1 << 16], 0);
            // What is full for so long stays full.
            while full < 100_000 {
                full = if stream.try_write(&piece).is_ok() { 0 } else { full + 1 };
                tokio::task::yield_now().await;
            }
            drop(stream);
            gone.send(()).unwrap();
            "left".to_owned()
        })
    });
    case("the client sends 10 GB to an upstream that does not read, and leaves", "", upstream, client)
}

/// Sends something that does not belong there, and tells what came back.
async fn adds_garbage(mut stream: TcpStream) -> String {
    stream.write_all(b"zz\r\n").await.unwrap();
    answered(stream).await
}

/// Says that nothing more will come, and tells what came back.
async fn ends(mut stream: TcpStream) -> String {
    stream.shutdown().await.unwrap();
    answered(stream).await
}

async fn answered(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    described(&String::from_utf8_lossy(&answer), end.is_ok())
}

async fn goes(_: TcpStream) -> String {
    "left".to_owned()
}

async fn goes_rudely(stream: TcpStream) -> String {
    stream.set_zero_linger().unwrap();
    "left".to_owned()
}

/// A response in a few words.
fn described(answer: &str, orderly: bool) -> String {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return if answer.is_empty() { "nothing".to_owned() } else { "half a head".to_owned() };
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let whole = match length {
        Some(length) => length == body.len().to_string(),
        None => body.ends_with("0\r\n\r\n"),
    };
    let end = if orderly { "cut off" } else { "reset" };
    if whole { status.to_owned() } else { format!("{status}, {end}") }
}

fn cases() -> Vec<Case> {
    let hang = "transport http {\n\t\t\tresponse_header_timeout 50ms\n\t\t\tread_timeout 100ms\n\t\t}";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let part = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart";
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n9\r\nha";
    let flood = "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
    vec![
        Case {
            upstream: None,
            ..case("the upstream refuses the connection", "", answers("", waits), asks(GET))
        },
        case("the upstream closes without an answer", "", answers("", closes), asks(GET)),
        case(
            "the upstream resets in the middle of the head",
            "",
            answers("HTTP/1.1 200 OK\r\nConte", resets),
            asks(GET),
        ),
        case(
            "the upstream closes in the middle of the head",
            "",
            answers("HTTP/1.1 200 OK\r\nConte", closes),
            asks(GET),
        ),
        case("the upstream closes in the middle of the body", "", answers(part, closes), asks(GET)),
        case("the upstream resets in the middle of the body", "", answers(part, resets), asks(GET)),
        case("the upstream closes in the middle of a chunk", "", answers(chunk, closes), asks(GET)),
        case("the upstream resets in the middle of a chunk", "", answers(chunk, resets), asks(GET)),
        case("the upstream hangs before the head", hang, answers("", waits), asks(GET)),
        case("the upstream hangs in the body", hang, answers(part, waits), asks(GET)),
        case("the upstream sends garbage", "", answers("\0\x01\x02 nonsense\r\n\r\n", waits), asks(GET)),
        case(
            "the upstream sends a chunk without a length",
            "",
            answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", waits),
            asks(GET),
        ),
        case(
            "the upstream sends more than it has announced",
            "",
            answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", waits),
            asks(GET),
        ),
        case(
            "the upstream ends a body by closing",
            "",
            answers("HTTP/1.1 200 OK\r\n\r\nall of it", closes),
            asks(GET),
        ),
        case("the upstream closes its half after the answer", "", answers(ok, half_closes), asks(GET)),
        case(
            "the upstream closes its half in the middle of the body",
            "",
            answers(part, half_closes),
            asks(GET),
        ),
        case(
            "the upstream sends 10 GB to a client that does not read, and leaves",
            "",
            answers(flood, floods),
            leaves(GET, 100, false),
        ),
        client_floods(),
        spoils("the client leaves before there is an answer", GET, "", goes),
        spoils("the client resets before there is an answer", GET, "", goes_rudely),
        spoils("the client leaves in the middle of its body", UPLOAD, "part", goes),
        spoils("the client resets in the middle of its body", UPLOAD, "part", goes_rudely),
        spoils("the client ends in the middle of its body", UPLOAD, "part", ends),
        Case {
            timeouts: "read_body 50ms",
            ..spoils("the client hangs in the middle of its body", UPLOAD, "part", answered)
        },
        spoils("the client ends in the middle of a chunk", CHUNKS, "4\r\npart\r\n2\r\nha\r\n", ends),
        spoils("the client sends a chunk without a length", CHUNK, "4\r\npart\r\n", adds_garbage),
        case(
            "the client leaves in the middle of the response",
            "",
            answers(part, waits),
            leaves(GET, 100, false),
        ),
        case(
            "the client resets in the middle of the response",
            "",
            answers(part, waits),
            leaves(GET, 100, true),
        ),
    ]
}

/// A server whose logs all go to one file, which is in its folder unless it has a whole path.
async fn start(log: &str, timeouts: &str, proxy: &str) -> Server {
    let server = Server::idle();
    let text = format!(
        "{{\n\tlog {{\n\t\toutput file {}\n\t}}\n\tservers {{\n\t\ttimeouts {{\n\t\t\t{timeouts}\n\t\t}}\n\t}}\n}}\nhttp://127.0.0.1:0 {{\n\tlog\n\treverse_proxy {proxy}\n}}\n",
        server.folder.join(log).display()
    );
    server.load(&text).await.unwrap_or_else(|error| panic!("{error}"));
    server
}

/// The lines of the log once the access log has one.
async fn lines(server: &Server) -> Vec<Value> {
    loop {
        let text = std::fs::read_to_string(server.folder.join(LOG)).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines: Vec<Value> = whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        if lines.iter().any(is_access) {
            return lines;
        }
        tokio::task::yield_now().await;
    }
}

fn is_access(line: &Value) -> bool {
    line["logger"].as_str().is_some_and(|logger| logger.starts_with("http.log.access"))
}

/// What the lines say of the fault, apart from the access log.
fn complaints(lines: &[Value], upstream: SocketAddr) -> String {
    let about = |line: &&Value| {
        let logger = line["logger"].as_str().unwrap_or_default();
        (logger.starts_with("http.log.error") || logger.starts_with("http.handlers"))
            && line["level"] != "info"
    };
    let texts = lines.iter().filter(about).map(|line| {
        let message = line["msg"].as_str().unwrap_or_default();
        let detail = line["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{}: {message}{detail}", line["level"].as_str().unwrap_or_default())
            .replace(&upstream.to_string(), "UPSTREAM")
    });
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join("; ") }
}

/// Makes one fault happen; its row of the table.
async fn happen(case: Case) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = start(LOG, case.timeouts, &format!("{address} {{\n\t\t{}\n\t}}", case.options)).await;
    let client = TcpStream::connect(server.address(":0")).await.unwrap();
    let saw = (case.client)(client);
    let (saw, upstream) = match case.upstream {
        None => {
            drop(listener);
            (saw.await, "saw nothing".to_owned())
        }
        Some(script) => {
            let upstream = async { script(listener.accept().await.unwrap().0).await };
            tokio::join!(saw, upstream)
        }
    };
    let lines = lines(&server).await;
    let access = lines.iter().find(|line| is_access(line)).unwrap();
    // Counted until the last byte is through or given up.
    let process = server.control.runtime().process();
    while process.hosts.all().iter().any(|host| host.requests() > 0) {
        tokio::task::yield_now().await;
    }
    assert_eq!(process.tunnels.count(), 0);
    let status = access["status"].as_i64().unwrap();
    let complaints = complaints(&lines, address);
    format!("| {} | {saw} | {upstream} | {status} | {complaints} |\n", case.name)
}

#[tokio::test]
async fn faults_are_told_and_leave_nothing_behind() {
    let mut table = String::from(
        "| fault | the client got | the upstream's side | access log | other logs |\n|---|---|---|---|---|\n",
    );
    for case in cases() {
        table.write_str(&happen(case).await).unwrap();
    }
    assert_ends_with("fixtures/faults.md", "| fault |", &table);
}

#[tokio::test]
async fn a_name_server_that_fails_leaves_the_static_upstreams_or_none() {
    let dns = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = dns.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 512];
        while let Ok((length, from)) = dns.recv_from(&mut question).await {
            // SERVFAIL.
            question[2] |= 0x80;
            question[3] = 2;
            let _ = dns.send_to(&question[..length], from).await;
        }
    });
    let dynamic = format!("{{\n\t\tdynamic srv gone.example {{\n\t\t\tresolvers {resolver}\n\t\t}}\n\t}}");
    let server = start(LOG, "", &dynamic).await;
    let client = TcpStream::connect(server.address(":0")).await.unwrap();
    assert_eq!(asks(GET)(client).await, "503");
    let lines = lines(&server).await;
    let complaints = complaints(&lines, resolver);
    assert!(complaints.starts_with("error: failed getting dynamic upstreams"), "{complaints}");
    assert!(complaints.contains("gone.example"), "{complaints}");
}

#[tokio::test]
async fn a_full_disk_stops_the_log_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = start("/dev/full", "", &address.to_string()).await;
    for _ in 0..3 {
        let client = TcpStream::connect(server.address(":0")).await.unwrap();
        let upstream = async {
            let upstream =
                answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", closes);
            upstream(listener.accept().await.unwrap().0).await
        };
        let (saw, _) = tokio::join!(asks(GET)(client), upstream);
        assert_eq!(saw, "200");
    }
}
