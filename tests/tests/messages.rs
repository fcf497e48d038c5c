//! Messages of HTTP/1.1 as nobody should write them, through the proxy as raw bytes: what is refused, and what goes on to the
//! other side. The tables in `fixtures/messages.md` are what this finds.

mod requests;
mod responses;

use std::fmt::Write as _;

use caddis_tests::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use crate::pages::assert_ends_with;

/// Comes behind each request, on the same connection: it is answered if that request has ended where its client meant it to.
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n";

/// Fields that the proxy adds.
const ADDED: [&str; 5] = ["X-Forwarded-", "Via: ", "Date: ", "Server: Caddis", "Connection: close"];

/// Bytes in a cell of a table: `⏎` is CRLF, `␊` a line feed alone.
fn cell(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'\r', [b'\n', after @ ..]) => {
                text.push('⏎');
                rest = after;
            }
            (b'\n', _) => text.push('␊'),
            (b'"', _) => text.push('"'),
            (byte, _) => write!(text, "{}", byte.escape_ascii()).unwrap(),
        }
    }
    format!("`{text}`")
}

/// A message without the fields that the proxy adds.
fn without_added(message: &[u8]) -> Vec<u8> {
    let lines = message.split_inclusive(|byte| *byte == b'\n');
    lines
        .filter(|line| !ADDED.iter().any(|added| line.starts_with(added.as_bytes())))
        .collect::<Vec<_>>()
        .concat()
}

/// The statuses in what came back.
fn statuses(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    let heads = text.split("HTTP/1.").skip(1);
    heads.map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
}

/// Where a request ends, of which no two readers may think differently; `None` if it has not ended.
fn end_of(request: &[u8]) -> Option<usize> {
    let head = request.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let fields = |name: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned())).collect()
    };
    let (lengths, codings) = (fields("content-length:"), fields("transfer-encoding:"));
    assert!(lengths.len() + codings.len() < 2, "a request with two ends: {text}");
    let length = match (&lengths[..], &codings[..]) {
        ([length], _) => length.parse().expect("the length is a number"),
        (_, [coding]) => {
            assert_eq!(coding, "chunked");
            end_of_chunks(&request[head..])?
        }
        _ => 0,
    };
    (request.len() >= head + length).then_some(head + length)
}

fn end_of_chunks(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = body[at..].windows(2).position(|end| end == b"\r\n")?;
        let size = std::str::from_utf8(&body[at..at + line]).expect("sizes are digits");
        let size = usize::from_str_radix(size, 16).expect("nothing but a size is in its line");
        at += line + 2;
        if size == 0 {
            break;
        }
        assert!(body.get(at + size..at + size + 2).is_none_or(|end| end == b"\r\n"));
        at += size + 2;
        body.get(..at)?;
    }
    if body[at..].starts_with(b"\r\n") {
        return Some(at + 2);
    }
    Some(at + body[at..].windows(4).position(|end| end == b"\r\n\r\n")? + 4)
}

/// An upstream that tells what whole requests it gets, and answers with the target of each.
async fn upstream(listener: TcpListener, got: UnboundedSender<Vec<u8>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let got = got.clone();
        tokio::spawn(async move {
            let mut request = Vec::new();
            let end = loop {
                if let Some(end) = end_of(&request) {
                    break end;
                }
                if !matches!(stream.read_buf(&mut request).await, Ok(1..)) {
                    return;
                }
            };
            assert_eq!(end, request.len(), "something follows the request");
            let line = String::from_utf8_lossy(&request).into_owned();
            let target = line.split(' ').nth(1).unwrap_or_default();
            let length = target.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{target}");
            got.send(request).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
    }
}

/// What comes of a request: the answer, and what the upstream gets.
async fn passed_on(
    sent: &[u8],
    server: &Server,
    upstream: &str,
    got: &mut UnboundedReceiver<Vec<u8>>,
) -> (String, String) {
    let mut client = TcpStream::connect(server.address("127.0.0.1:0")).await.unwrap();
    client.write_all(&[sent, NEXT].concat()).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    let mut statuses = statuses(&answer);
    let kept = answer.ends_with(b"\r\n\r\n/next");
    if kept {
        statuses.pop();
    }
    let end = if kept { "" } else { ", closed" };
    let mut requests = Vec::new();
    while let Ok(request) = got.try_recv() {
        if !request.starts_with(b"GET /next ") {
            requests.push(cell(&without_added(&request)).replace(upstream, "UPSTREAM"));
        }
    }
    (format!("{}{end}", statuses.join(" ")), requests.join(" "))
}

/// What comes of a response: what the client gets, and whether the upstream's connection is used again.
async fn passed_back(
    response: &responses::Response,
    server: &Server,
    listener: &TcpListener,
) -> (String, String) {
    let method = response.method;
    let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let ask = || async {
        let mut client = TcpStream::connect(server.address("127.0.0.1:0")).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let answers = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        // Whoever has seen enough may have closed it.
        let _ = stream.write_all(response.sent).await;
        if response.ends { None } else { Some(stream) }
    };
    let (answer, stream) = tokio::join!(ask(), answers);
    let connection = match stream {
        None => "",
        Some(mut stream) => {
            let second = async {
                let kept = read_head(&mut stream).await;
                if !kept {
                    stream = listener.accept().await.unwrap().0;
                    read_head(&mut stream).await;
                }
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    .await
                    .unwrap();
                if kept { "kept" } else { "closed" }
            };
            tokio::join!(ask(), second).1
        }
    };
    (cell(&without_added(&answer)), connection.to_owned())
}

/// Reads a head; `false` if the connection ends before.
async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

async fn server(upstream: &TcpListener) -> Server {
    let address = upstream.local_addr().unwrap();
    Server::start_on(1, &format!("http://:0 {{\n\tbind 127.0.0.1\n\treverse_proxy {address}\n}}\n")).await
}

#[tokio::test]
async fn what_goes_on_has_one_meaning() {
    let mut page = String::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let one = server(&listener).await;
    let (tell, mut got) = unbounded_channel();
    tokio::spawn(upstream(listener, tell));
    page.push_str(
        "## Requests\n\n| sent | answer | the upstream gets | Caddy | nginx |\n|---|---|---|---|---|\n",
    );
    for (sent, caddy, nginx) in requests::ALL {
        let (answer, passed) = passed_on(sent, &one, &address, &mut got).await;
        writeln!(page, "| {} | {answer} | {passed} | {caddy} | {nginx} |", cell(sent)).unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = server(&listener).await;
    page.push_str(
        "\n## Responses\n\n| sent | the client gets | connection | Caddy | nginx |\n|---|---|---|---|---|\n",
    );
    for response in responses::ALL {
        let (answer, connection) = passed_back(response, &other, &listener).await;
        let responses::Response { method, sent, caddy, nginx, .. } = response;
        let to = if *method == "HEAD" { " to HEAD" } else { "" };
        writeln!(page, "| {}{to} | {answer} | {connection} | {caddy} | {nginx} |", cell(sent)).unwrap();
    }
    assert_ends_with("fixtures/messages.md", "## Requests\n", &page);
}
