//! What caddy-mirror's own tests want (`m01` to `m07`; `m08`, its table of jq programs, is `results_are_compared_as_wholes` in the
//! runtime, and `m09` are the bench cases `mirror` and `mirror-post`), and what was found to be wrong with it (`defect_…`).

use std::time::{Duration, Instant};

use bytes::Bytes;
use caddis_tests::{
    Origin,
    client::{self, request, send},
    server::adapt,
};
use http::{Method, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Mirror, Upstream, differences, faults::read_head};

/// Waits until something is so.
pub(super) async fn until(mut so: impl FnMut() -> bool, what: &str) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        tokio::task::yield_now().await;
    }
}

fn proxy(upstream: &Upstream) -> String {
    format!("reverse_proxy {}", upstream.origin.address)
}

/// Lines of the log with a message, as far as there are some by now.
fn lines(mirror: &Mirror, message: &str) -> usize {
    let text = std::fs::read_to_string(mirror.server.folder.join("log")).unwrap_or_default();
    text.lines().filter(|line| line.contains(&format!("\"msg\":\"{message}\""))).count()
}

#[tokio::test]
async fn m01_different_bodies_are_one_mismatch() {
    let mirror = Mirror::with("compare_body", "respond one", "respond two").await;
    assert_eq!(mirror.get("/").await.text(), "one");
    let found = mirror.logged("shadow_mismatch", 1).await;
    mirror.once("compared", 1).await;
    assert_eq!((found.len(), &found[0]["level"]), (1, &json!("info")));
    assert_eq!((&found[0]["primary_body"], &found[0]["shadow_body"]), (&json!("one"), &json!("two")));
}

#[tokio::test]
async fn m02_equal_bodies_are_none() {
    let mirror = Mirror::with("compare_body", "respond one", "respond one").await;
    mirror.get("/").await;
    let report = mirror.once("equal", 1).await;
    assert_eq!((differences(&report).len(), lines(&mirror, "shadow_mismatch")), (0, 0), "{report}");
}

#[tokio::test]
async fn m03_a_posted_body_reaches_both() {
    let (primary, secondary) = (Upstream::saying("primary").await, Upstream::saying("secondary").await);
    let mirror = Mirror::between("compare_body", &primary, &secondary).await;
    let call = request("POST", "h", "/").body(Bytes::from("Hello, world!")).unwrap();
    assert_eq!(send(mirror.server.address(":0"), call).await.text(), "primary");
    mirror.once("compared", 1).await;
    assert_eq!(
        (primary.got(), secondary.got()),
        (vec!["POST / Hello, world!".to_owned()], vec!["POST / Hello, world!".to_owned()])
    );
}

#[tokio::test]
async fn m04_m05_an_error_of_the_primary_is_returned_and_leaves_the_secondary_alone() {
    for options in ["compare_body", ""] {
        let secondary = Upstream::saying("secondary").await;
        let mirror = Mirror::with(options, "error broken 503", &proxy(&secondary)).await;
        assert_eq!(mirror.get("/x").await.status, 503);
        let line = &mirror.logged("primary_handler_error", 1).await[0];
        assert_eq!((&line["level"], &line["error"]), (&json!("error"), &json!("broken")));
        until(|| secondary.got() == ["GET /x "], "the secondary gets its request").await;
        assert_eq!(mirror.report().await["counts"]["compared"], 0);
    }
}

#[tokio::test]
async fn m06_what_is_compared_is_what_was_asked_for() {
    for (options, kinds) in [
        ("", json!({})),
        ("compare_body", json!({"body": {"match": 0, "mismatch": 1}})),
        ("compare_headers X-A", json!({"header": {"match": 0, "mismatch": 1}})),
        ("compare_status", json!({"status": {"match": 0, "mismatch": 1}})),
        ("compare_jq .", json!({"body": {"match": 0, "mismatch": 1}})),
    ] {
        let mirror = Mirror::with(options, "header X-A 1\nrespond 1", "header X-A 2\nrespond 2 201").await;
        mirror.get("/").await;
        let count = if options.is_empty() { "mirrored" } else { "compared" };
        assert_eq!(mirror.once(count, 1).await["compared"], kinds, "{options}");
    }
}

/// The original compares nothing but 2xx without coding, because it buffers. Here everything is, while it streams.
#[tokio::test]
async fn m07_answers_are_compared_whatever_their_status_and_coding() {
    for (primary, status) in
        [("respond one", 200), ("respond one 500", 500), ("encode gzip\nrespond one", 200)]
    {
        let mirror = Mirror::with("compare_body", primary, "respond two").await;
        let call = request("GET", "h", "/").header("accept-encoding", "gzip").body(Bytes::new()).unwrap();
        assert_eq!(send(mirror.server.address(":0"), call).await.status, status);
        assert_eq!(differences(&mirror.once("compared", 1).await)[0]["field"], "body");
    }
}

#[tokio::test]
async fn defect_equal_headers_were_mismatches() {
    let mirror = Mirror::with(
        "compare_headers X-Same X-Other",
        "header X-Same 1\nheader X-Other 1\nrespond x",
        "header X-Same 1\nheader X-Other 2\nrespond x",
    )
    .await;
    mirror.get("/").await;
    mirror.once("compared", 1).await;
    let found = mirror.logged("shadow_header_mismatch", 1).await;
    assert_eq!((found.len(), &found[0]["key"]), (1, &json!("X-Other")));
}

#[tokio::test]
async fn defect_comparing_statuses_with_metrics_ended_the_process() {
    for options in ["compare_status\nmetrics only_status", "compare_headers X-A\nmetrics only_headers"] {
        let mirror = Mirror::with(options, "header X-A 1\nrespond x", "header X-A 2\nrespond x 201").await;
        for count in 1..=2 {
            assert_eq!(mirror.get("/").await.text(), "x");
            mirror.once("compared", count).await;
        }
        let metrics = mirror.admin("/metrics").await.text();
        assert!(metrics.contains("_mismatch 2\n") && !metrics.contains("_shadow_body_"), "{metrics}");
    }
}

#[tokio::test]
async fn defect_comparing_nested_values_ended_the_process() {
    let body = |last: u8| format!("respond `{{\"data\":{{\"a\":[{{\"b\":[1,{last}]}}],\"c\":{{}}}}}}`");
    for (last, equal) in [(2, 1), (3, 0)] {
        let mirror = Mirror::with("compare_jq .data .data.a", &body(2), &body(last)).await;
        mirror.get("/").await;
        assert_eq!(mirror.once("compared", 1).await["counts"]["equal"], equal);
    }
}

#[tokio::test]
async fn defect_bodies_were_compared_and_logged_unasked() {
    let mirror =
        Mirror::with("compare_status\ncompare_headers X-A", "respond secret", "respond other 201").await;
    mirror.get("/").await;
    let report = mirror.once("compared", 1).await;
    mirror.logged("shadow_status_mismatch", 1).await;
    assert_eq!((lines(&mirror, "shadow_mismatch"), differences(&report).len()), (0, 1), "{report}");
    assert!(!report.to_string().contains("secret"));
}

#[tokio::test]
async fn defect_bodies_of_copies_were_reused_while_they_were_read() {
    // The secondaries read long after the primary has answered.
    let secondary = Upstream::saying("secondary").await;
    let mirror = Mirror::with("", "respond primary", &proxy(&secondary)).await;
    let address = mirror.server.address(":0");
    let body = |number: usize| format!("{number:04}").repeat(20_000);
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let call = request("POST", "h", "/").body(Bytes::from(body(number))).unwrap();
            tokio::spawn(send(address, call))
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().text(), "primary");
    }
    until(|| secondary.got().len() == 40, "all copies arrive").await;
    let mut got = secondary.got();
    got.sort_unstable();
    let expected: Vec<String> = (0..40).map(|number| format!("POST / {}", body(number))).collect();
    assert!(got == expected, "a body was changed");
}

#[tokio::test]
async fn defect_the_sides_shared_groups_and_placeholders() {
    let side = |name: &str| {
        format!(
            "map {{path}} {{side}} {{\ndefault {name}\n}}\nhandle /a {{\nheader X-Side {{side}}\nrespond {name}\n}}\nhandle {{\nrespond neither\n}}"
        )
    };
    let mirror = Mirror::site(&format!(
        "header X-Behind {{side}}\nmirror {{\ncompare_headers X-Side\nprimary {{\n{}\n}}\nsecondary {{\n{}\n}}\n}}",
        side("primary"),
        side("secondary")
    ))
    .await;
    for _ in 0..50 {
        let answer = mirror.get("/a").await;
        assert_eq!((answer.text().as_str(), answer.header("x-side")), ("primary", "primary"));
    }
    let report = mirror.once("compared", 50).await;
    assert_eq!(differences(&report)[0]["count"], 50, "{report}");
    assert_eq!(differences(&report)[0]["last"]["shadow"], "secondary");
}

#[tokio::test]
async fn defect_metrics_broke_upgrades() {
    let (one, other) = (Origin::start("one").await, Origin::start("other").await);
    let dial = |origin: &Origin| format!("reverse_proxy {}", origin.address);
    let mirror = Mirror::with("metrics upgrades\ncompare_body", &dial(&one), &dial(&other)).await;
    let mut stream = client::upgrade(mirror.server.address(":0"), "h", "/", "websocket").await.unwrap();
    assert_eq!(client::echo(&mut stream, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn defect_a_client_that_leaves_did_not_end_the_primary() {
    let secondary = Upstream::saying("secondary").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let primary = format!("reverse_proxy {}", listener.local_addr().unwrap());
    let mirror = Mirror::with("compare_body", &primary, &proxy(&secondary)).await;
    let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let mut wire = listener.accept().await.unwrap().0;
    read_head(&mut wire).await.unwrap();
    drop(client);
    // Ends when the proxy hangs up.
    assert_eq!(wire.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn defect_a_primary_that_writes_nothing_ended_the_process() {
    for options in ["compare_status\ncompare_body\nmetrics nothing", ""] {
        let mirror = Mirror::with(options, "vars a b", "respond something").await;
        let answer = mirror.get("/").await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""));
        let report = mirror.once(if options.is_empty() { "mirrored" } else { "compared" }, 1).await;
        assert_eq!(differences(&report).len(), usize::from(!options.is_empty()), "{report}");
    }
}

#[tokio::test]
async fn defect_upgrades_were_mirrored() {
    let (one, other) = (Origin::start("one").await, Upstream::saying("secondary").await);
    let mirror = Mirror::with("", &format!("reverse_proxy {}", one.address), &proxy(&other)).await;
    let mut stream = client::upgrade(mirror.server.address(":0"), "h", "/", "x").await.unwrap();
    assert_eq!(client::echo(&mut stream, "hello").await.unwrap(), "hello");
    mirror.get("/after").await;
    until(|| !other.got().is_empty(), "the copy arrives").await;
    assert_eq!(
        (other.got(), &mirror.report().await["counts"]["mirrored"]),
        (vec!["GET /after ".to_owned()], &json!(1))
    );
}

#[tokio::test]
async fn early_hints_are_those_of_the_primary() {
    let (one, other) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let dial = |listener: &TcpListener| format!("reverse_proxy {}", listener.local_addr().unwrap());
    let mirror = Mirror::with("compare_body", &dial(&one), &dial(&other)).await;
    let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let (mut primary, mut secondary) = (one.accept().await.unwrap().0, other.accept().await.unwrap().0);
    for wire in [&mut primary, &mut secondary] {
        read_head(wire).await.unwrap();
    }
    let hints = |name: &str| format!("HTTP/1.1 103 Early Hints\r\nLink: </{name}>\r\n\r\n");
    let whole = |name: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nX-Side: {name}\r\n\r\nok")
    };
    // The secondary is through before the primary says a word.
    secondary.write_all(format!("{}{}", hints("other"), whole("other")).as_bytes()).await.unwrap();
    until_shadowed(&mirror).await;
    primary.write_all(hints("one").as_bytes()).await.unwrap();
    let mut seen = String::new();
    while !seen.ends_with("\r\n\r\n") {
        seen.push(client.read_u8().await.unwrap().into());
    }
    assert_eq!(seen.to_ascii_lowercase(), hints("one").to_ascii_lowercase());
    primary.write_all(whole("one").as_bytes()).await.unwrap();
    client.read_to_string(&mut seen).await.unwrap();
    assert!(seen.contains("one") && !seen.contains("other"), "{seen}");
    mirror.once("equal", 1).await;
}

/// Waits until a copy was answered.
async fn until_shadowed(mirror: &Mirror) {
    let start = Instant::now();
    while mirror.report().await["shadow"]["time_to_first_byte"]["count"] == 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

/// RFC 8441: a stream of HTTP/2 is as endless as an upgraded connection.
#[tokio::test]
async fn defect_extended_connect_was_mirrored_and_never_ended() {
    let (one, other) = (Origin::start("one").await, Upstream::saying("secondary").await);
    let server = caddis_tests::Server::idle();
    let config = adapt(&format!(
        "{{\nservers {{\nprotocols h1 h2c\n}}\n}}\nhttp://:0 {{\nmirror {{\ncompare_body\nmetrics connect\nprimary {{\nreverse_proxy {}\n}}\nsecondary {{\n{}\n}}\n}}\n}}\n",
        one.address,
        proxy(&other)
    ));
    server.load_json(&config.unwrap()).await.unwrap();
    let mirror = Mirror { server };
    let (mut stream, mut sender) = client::extended_connect(mirror.server.address(":0"), "/chat").await;
    assert_eq!(client::echo(&mut stream, "hello").await.unwrap(), "hello");
    // Other requests of the connection are mirrored.
    let call = http::Request::get("http://h/after").body(http_body_util::Empty::<Bytes>::new()).unwrap();
    assert_eq!(sender.send_request(call).await.unwrap().status(), 200);
    until(|| !other.got().is_empty(), "the copy arrives").await;
    assert_eq!(
        (other.got(), &mirror.report().await["counts"]["mirrored"]),
        (vec!["GET /after ".to_owned()], &json!(1))
    );
}

#[tokio::test]
async fn defect_bodies_that_broke_off_were_sent_as_whole() {
    let (primary, secondary) = (Upstream::saying("primary").await, Upstream::saying("secondary").await);
    let mirror = Mirror::between("", &primary, &secondary).await;
    let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
    client.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    mirror.once("mirrored", 1).await;
    drop(client);
    mirror.once("abandoned", 1).await;
    until(|| secondary.got().len() == 1, "the secondary sees the end").await;
    assert!(secondary.got()[0].starts_with("POST / cut: "), "{:?}", secondary.got());
}

#[tokio::test]
async fn defect_what_a_side_did_not_answer_went_on_twice() {
    let behind = Upstream::saying("primary").await;
    let mirror = Mirror::site(&format!(
        "route {{\nmirror {{\ncompare_status\nprimary {{\nvars a b\n}}\nsecondary {{\nvars a b\n}}\n}}\n{}\n}}",
        proxy(&behind)
    ))
    .await;
    assert_eq!(mirror.get("/").await.text(), "primary");
    mirror.once("compared", 1).await;
    assert_eq!(behind.got(), ["GET / "]);
}

#[tokio::test]
async fn defect_compressed_and_plain_bodies_were_different() {
    let long = "the same text ".repeat(500);
    for coding in ["gzip", "zstd"] {
        let primary = format!("encode {coding}\nrespond \"{long}\"");
        let mirror = Mirror::with("compare_body", &primary, &format!("respond \"{long}\"")).await;
        let call = request("GET", "h", "/").header("accept-encoding", coding).body(Bytes::new()).unwrap();
        assert_eq!(send(mirror.server.address(":0"), call).await.header("content-encoding"), coding);
        mirror.once("equal", 1).await;
    }
}

#[tokio::test]
async fn defect_no_share_was_all_and_signs_were_passed_over() {
    for rate in ["0", "0%", "0.0%"] {
        let mirror = Mirror::with(&format!("mirror_rate {rate}"), "respond one", "respond two").await;
        mirror.get("/").await;
        assert_eq!(mirror.report().await["counts"]["mirrored"], 0, "{rate}");
    }
    let site = |line: &str| {
        format!(":80 {{\nmirror {{\n{line}\nprimary {{\nrespond 1\n}}\nsecondary {{\nrespond 2\n}}\n}}\n}}\n")
    };
    for line in [
        "mirror_rate %5",
        "mirror_rate 5%0",
        "mirror_rate 5 %",
        "mirror_rates 5",
        "compare_body always",
        "log_level loud",
    ] {
        assert!(adapt(&site(line)).is_err(), "{line}");
    }
}

#[tokio::test]
async fn defect_of_two_mirrors_with_one_prefix_one_lost_its_metrics() {
    let mirror = |path: &str| {
        format!(
            "mirror {path} {{\nmetrics both\ncompare_body\nprimary {{\nrespond 1\n}}\nsecondary {{\nrespond 1\n}}\n}}\n"
        )
    };
    let mirror = Mirror::site(&format!("{}{}", mirror("/a"), mirror("/b"))).await;
    for path in ["/a", "/b", "/b"] {
        mirror.get(path).await;
    }
    let start = Instant::now();
    loop {
        let metrics = mirror.admin("/metrics").await.text();
        if metrics.contains("\nboth_shadow_body_match 3\n") {
            assert_eq!(metrics.matches("# TYPE both_shadow_body_match counter").count(), 1);
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{metrics}");
    }
}

#[tokio::test]
async fn defect_counters_had_no_total() {
    let mirror = Mirror::with("metrics total\ncompare_body", "respond 1", "respond 1").await;
    let address = mirror.server.control.admin_address().unwrap();
    for (accept, line) in [
        ("application/openmetrics-text", "\ntotal_shadow_body_match_total 0\n"),
        ("text/plain", "\ntotal_shadow_body_match 0\n"),
    ] {
        let call = request("GET", &address.to_string(), "/metrics")
            .header("accept", accept)
            .body(Bytes::new())
            .unwrap();
        let metrics = send(address, call).await.text();
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn defect_levels_and_days_were_not_known() {
    let mirror =
        Mirror::with("compare_body\nlog_level error\nsecondary_timeout 1d", "respond 1", "respond 2").await;
    mirror.get("/").await;
    assert_eq!(mirror.logged("shadow_mismatch", 1).await[0]["level"], "error");
    let silent = Mirror::with("compare_body\nno_log", "respond 1", "respond 2").await;
    silent.get("/").await;
    silent.once("compared", 1).await;
    assert_eq!(lines(&silent, "shadow_mismatch"), 0);
}

#[tokio::test]
async fn the_secondary_has_its_own_headers_and_target() {
    let echo = |name: &'static str| Origin::start(name);
    let (one, other) = (echo("one").await, echo("other").await);
    let secondary = format!(
        "uri strip_prefix /api\nrequest_header X-Added yes\nrequest_header -X-Secret\nreverse_proxy {} {{\nheader_up X-Up {{http.request.host}}\n}}",
        other.address
    );
    let mirror = Mirror::with("compare_json", &format!("reverse_proxy {}", one.address), &secondary).await;
    let call = request("GET", "h", "/api/x?q").header("x-secret", "s").body(Bytes::new()).unwrap();
    let seen = send(mirror.server.address(":0"), call).await.json();
    assert_eq!(
        (&seen["target"], &seen["headers"]["x-secret"], &seen["headers"]["x-added"]),
        (&json!("/api/x?q"), &json!("s"), &Value::Null)
    );
    let report = mirror.once("compared", 1).await;
    let found = differences(&report);
    let side = |field: &str| {
        found.iter().find(|found| found["field"] == field).map(|found| found["last"]["shadow"].clone())
    };
    assert_eq!(side(".target"), Some(json!("\"/x?q\"")), "{report}");
    assert_eq!(side(".headers.x-added"), Some(json!("\"yes\"")), "{report}");
    assert_eq!(
        (side(".headers.x-secret"), side(".headers.x-up")),
        (Some(json!("(none)")), Some(json!("\"h\""))),
        "{report}"
    );
}

#[tokio::test]
async fn what_a_secondary_does_to_its_request_shows_nowhere() {
    for does in [
        "abort",
        "error gone 410",
        "respond other 503 {\nclose\n}",
        "redir * /elsewhere",
        "log_skip\nrespond other",
    ] {
        let mirror = Mirror::site(&format!(
            "log\nmirror {{\ncompare_status\nprimary {{\nrespond {{method}}\n}}\nsecondary {{\nlog_append leak yes\nmethod PUT\n{does}\n}}\n}}"
        ))
        .await;
        let mut client = TcpStream::connect(mirror.server.address(":0")).await.unwrap();
        // The second request finds the connection open.
        for _ in 0..2 {
            client.write_all(b"GET /logged HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\nGET") {
                answer.push(client.read_u8().await.unwrap());
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{does}");
        }
        let lines = mirror.logged("handled request", 2).await;
        assert_eq!(lines.len(), 2, "{does}");
        assert!(lines.iter().all(|line| line["status"] == 200 && line.get("leak").is_none()), "{lines:?}");
        // What ends without an answer has nothing to be compared.
        let count = if matches!(does, "abort" | "error gone 410") { "failed" } else { "compared" };
        mirror.once(count, 2).await;
    }
}

#[tokio::test]
async fn bodies_beyond_compare_max_size_are_not_compared() {
    let body = |bytes: usize| "x".repeat(bytes);
    for (size, count) in [(1000, "compared"), (1001, "abandoned")] {
        let respond = format!("respond {}", body(size));
        let mirror = Mirror::with("compare_body\ncompare_max_size 1000", &respond, &respond).await;
        assert_eq!(mirror.get("/").await.body.len(), size);
        mirror.once(count, 1).await;
    }
}

#[tokio::test]
async fn a_share_by_chance_is_about_that_share() {
    let mirror = Mirror::with("mirror_rate 25%", "respond one", "respond two").await;
    for _ in 0..400 {
        mirror.get("/").await;
    }
    // Beyond these bounds one run in ten million comes.
    let mirrored = mirror.report().await["counts"]["mirrored"].as_u64().unwrap();
    assert!((55..=150).contains(&mirrored), "{mirrored}");
}

#[tokio::test]
async fn methods_are_chosen_by_name() {
    let secondary = Upstream::new(|_| Response::new(String::new())).await;
    let mirror = Mirror::with("methods GET head", "respond one", &proxy(&secondary)).await;
    for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
        let call = request(method.as_str(), "h", "/").body(Bytes::new()).unwrap();
        send(mirror.server.address(":0"), call).await;
    }
    assert_eq!(mirror.report().await["counts"]["mirrored"], 2);
}
