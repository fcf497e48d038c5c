//! Faults of all sides, made to happen on real sockets with and without the mirror. The table in `fixtures/mirror_faults.md` is what
//! this finds.

use std::fmt::Write as _;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Mirror, Upstream,
    checklist::until,
    faults::{Fault, Faulty},
};
use crate::pages::assert_ends_with;

/// Who answers.
#[derive(Clone, Copy)]
enum Side {
    Well,
    With(Fault),
}

/// What the client does.
#[derive(Clone, Copy, PartialEq)]
enum Client {
    Gets,
    /// With a body that no buffer on the way holds.
    Posts,
    /// As soon as this is so, with so much of the answer.
    LeavesAfter(usize),
    ResetsAfter(usize),
    LeavesWhileItPosts,
}

const BODY: usize = 3 << 20;

/// Somebody who answers, kept until the end.
enum Server {
    Well(Upstream),
    With(Faulty),
}

impl Server {
    async fn new(side: Side) -> Self {
        match side {
            Side::Well => Self::Well(
                Upstream::new(|_| {
                    http::Response::builder()
                        .status(203)
                        .header("x-kind", "tea")
                        .body("the answer".to_owned())
                        .unwrap()
                })
                .await,
            ),
            Side::With(fault) => Self::With(Faulty::new(fault).await),
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Well(upstream) => upstream.origin.address.to_string(),
            Self::With(faulty) => faulty.address.clone(),
        }
    }
}

/// What the client sees: every byte, and whether the end was orderly.
async fn ask(mirror: &Mirror, client: Client) -> (String, bool) {
    let mut stream = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    let head = |method: &str, length: usize| {
        format!("{method} /case HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
    };
    let mut seen = Vec::new();
    let orderly = match client {
        Client::Gets => {
            stream.write_all(head("GET", 0).as_bytes()).await.unwrap();
            stream.read_to_end(&mut seen).await.is_ok()
        }
        Client::Posts => {
            stream.write_all(head("POST", BODY).as_bytes()).await.unwrap();
            let (mut read, mut write) = stream.split();
            // Who refuses the body may hang up before it is there.
            let post = async { drop(write.write_all(&vec![b'b'; BODY]).await) };
            tokio::join!(read.read_to_end(&mut seen), post).0.is_ok()
        }
        Client::LeavesAfter(bytes) | Client::ResetsAfter(bytes) => {
            stream.write_all(head("GET", 0).as_bytes()).await.unwrap();
            if bytes == 0 {
                in_flight(mirror).await;
            }
            seen.resize(bytes, 0);
            stream.read_exact(&mut seen).await.unwrap();
            if matches!(client, Client::ResetsAfter(_)) {
                stream.set_zero_linger().unwrap();
            }
            true
        }
        Client::LeavesWhileItPosts => {
            stream.write_all(head("POST", BODY).as_bytes()).await.unwrap();
            stream.write_all(&vec![b'b'; BODY / 2]).await.unwrap();
            in_flight(mirror).await;
            true
        }
    };
    let lines = String::from_utf8_lossy(&seen).into_owned();
    (lines.split("\r\n").filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\r\n"), orderly)
}

/// Waits until the proxy has asked somebody.
async fn in_flight(mirror: &Mirror) {
    let hosts = &mirror.server.control.runtime().process().hosts;
    until(|| hosts.all().iter().any(|host| host.requests() > 0), "a request is in flight").await;
}

/// Makes one fault happen; its row of the table.
async fn happen(name: &str, primary: Side, secondary: Side, client: Client) -> String {
    // A short time for those who take all there is; the others are done sooner, however busy the machine is.
    let waits = matches!(secondary, Side::With(Fault::Silent | Fault::NeverReads));
    let timeout = if waits { "300ms" } else { "1m" };
    let (primary, secondary) = (Server::new(primary).await, Server::new(secondary).await);
    let (ours, theirs) = (primary.address(), secondary.address());
    let options = format!(
        "compare_status\ncompare_headers X-Kind\ncompare_body\nsecondary_timeout {timeout}\nmetrics faults"
    );
    let mirror = Mirror::site(&format!(
        "log\nhandle /behind {{\nrespond behind\n}}\nhandle {{\nmirror {{\n{options}\nprimary {{\nreverse_proxy {ours}\n}}\nsecondary {{\nreverse_proxy {theirs}\n}}\n}}\n}}"
    ))
    .await;
    let plain = Mirror::site(&format!("reverse_proxy {ours}")).await;
    let (with, without) = (ask(&mirror, client).await, ask(&plain, client).await);
    assert!(with == without, "{name}:\n{with:?}\n{without:?}");
    for server in [&mirror, &plain] {
        let process = server.server.control.runtime().process();
        until(|| process.hosts.all().iter().all(|host| host.requests() == 0), "requests end").await;
    }
    // Copies end after their requests; the log is written in order.
    let counts = settled(&mirror).await;
    mirror.get("/behind").await;
    let behind = async || {
        let text = std::fs::read_to_string(mirror.server.folder.join("log")).unwrap_or_default();
        text.contains("/behind").then_some(text)
    };
    let log = loop {
        if let Some(log) = behind().await {
            break log;
        }
        tokio::task::yield_now().await;
    };
    let log = complaints(&log, client).replace(&ours, "PRIMARY").replace(&theirs, "SECONDARY");
    let got = match (&*with.0, client) {
        (_, Client::LeavesAfter(_) | Client::ResetsAfter(_) | Client::LeavesWhileItPosts) => {
            "left".to_owned()
        }
        ("", _) => "nothing".to_owned(),
        (answer, _) => described(answer, with.1),
    };
    format!("| {name} | {got} | {counts} | {log} |\n")
}

fn described(answer: &str, orderly: bool) -> String {
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
    let whole = orderly && length.is_none_or(|length: usize| length == body.len());
    format!("{status}{}", if whole { "" } else { ", cut off" })
}

/// What became of the copy, once nothing is under way.
async fn settled(mirror: &Mirror) -> String {
    let ended = ["compared", "abandoned", "timed_out", "failed"];
    let start = std::time::Instant::now();
    loop {
        let report = mirror.report().await;
        let counts = &report["counts"];
        let names: Vec<&str> = ended.into_iter().filter(|name| counts[name] == 1).collect();
        // Where the copy was answered and the primary was not, it has nothing to be compared with.
        let alone = report["shadow"]["time_to_first_byte"]["count"] == 1
            && report["primary"]["time_to_first_byte"]["count"] == 0;
        if !names.is_empty() || alone {
            assert!(counts["mirrored"] == 1 && names.len() <= 1, "{report}");
            let different = if counts["compared"] == 1 && counts["equal"] == 0 { ", different" } else { "" };
            return format!("{}{different}", names.first().copied().unwrap_or("nothing"));
        }
        assert!(start.elapsed().as_secs() < 20, "{report}");
    }
}

/// What the mirror's logger says.
fn complaints(log: &str, client: Client) -> String {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let ours = lines.filter(|line| line["logger"] == "http.handlers.mirror");
    // Details are the operating system's, and which side is told first is chance.
    let brief = |error: &str| format!(": {}", error.split(": ").next().unwrap_or_default());
    let texts = ours.map(|line| {
        let error = line["error"].as_str().map(brief).unwrap_or_default();
        format!(
            "{}: {}{error}",
            line["level"].as_str().unwrap_or_default(),
            line["msg"].as_str().unwrap_or_default()
        )
    });
    // A client that leaves may be noticed before its body ends.
    let mut texts: Vec<String> =
        texts.filter(|text| !(client == Client::LeavesWhileItPosts && text.contains("primary"))).collect();
    texts.sort();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join("; ") }
}

#[tokio::test]
async fn whatever_goes_wrong_the_client_gets_what_it_gets_without_a_mirror() {
    let (well, with) = (Side::Well, Side::With);
    let mut table =
        "| fault | the client got | of the copy was counted | the mirror's log |\n|---|---|---|---|\n"
            .to_owned();
    for (name, primary, secondary, client) in [
        ("none", well, well, Client::Gets),
        ("none, with a body of 3 MiB", well, well, Client::Posts),
        ("the secondary refuses the connection", well, with(Fault::Refuses), Client::Gets),
        ("the secondary never answers", well, with(Fault::Silent), Client::Gets),
        ("the secondary resets the connection", well, with(Fault::Resets), Client::Gets),
        ("the secondary closes without an answer", well, with(Fault::Closes), Client::Gets),
        ("the secondary closes in the middle of the head", well, with(Fault::BreaksHead), Client::Gets),
        ("the secondary closes in the middle of the body", well, with(Fault::BreaksBody), Client::Gets),
        ("the secondary sends garbage", well, with(Fault::Nonsense), Client::Gets),
        ("the secondary answers with 10 GB", well, with(Fault::Endless), Client::Gets),
        ("the secondary does not read a body of 3 MiB", well, with(Fault::NeverReads), Client::Posts),
        ("the primary refuses the connection", with(Fault::Refuses), well, Client::Gets),
        ("the primary resets the connection", with(Fault::Resets), well, Client::Gets),
        ("the primary closes without an answer", with(Fault::Closes), well, Client::Gets),
        ("the primary closes in the middle of the body", with(Fault::BreaksBody), well, Client::Gets),
        ("the primary sends garbage", with(Fault::Nonsense), well, Client::Gets),
        ("both refuse the connection", with(Fault::Refuses), with(Fault::Refuses), Client::Gets),
        ("the client leaves before the answer", with(Fault::Silent), well, Client::LeavesAfter(0)),
        (
            "the client leaves in the middle of 10 GB",
            with(Fault::Endless),
            well,
            Client::LeavesAfter(1 << 20),
        ),
        (
            "the client resets in the middle of 10 GB",
            with(Fault::Endless),
            well,
            Client::ResetsAfter(1 << 20),
        ),
        ("the client leaves in the middle of its body", well, well, Client::LeavesWhileItPosts),
    ] {
        table.write_str(&happen(name, primary, secondary, client).await).unwrap();
    }
    assert_ends_with("fixtures/mirror_faults.md", "| fault |", &table);
}
