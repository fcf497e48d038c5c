//! `mirror` between real upstreams.

mod checklist;
mod faults;
mod report;
mod table;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use caddis_tests::{
    Origin, Server,
    client::{Answer, get, request, send},
    server::adapt,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};

/// The Caddyfiles with which caddy-mirror was announced, by what stands in the block before `primary`.
fn announced(options: &str, global: &str) -> String {
    format!(
        "{global}assets.bigcompany.com {{
  mirror {{
{options}      primary {{
          reverse_proxy prod.assets.internal.bigcompany.com
      }}
      secondary {{
          reverse_proxy staging.assets.internal.bigcompany.com
      }}
  }}
}}
"
    )
}

fn handler(caddyfile: &str) -> String {
    let config: Value = serde_json::from_str(&adapt(caddyfile).unwrap()).unwrap();
    let handler = "/apps/http/servers/srv0/routes/0/handle/0/routes/0/handle/0";
    config.pointer(handler).expect(caddyfile).to_string()
}

fn proxy(dial: &str) -> String {
    format!(
        r#"{{"routes":[{{"handle":[{{"handler":"reverse_proxy","upstreams":[{{"dial":"{dial}.assets.internal.bigcompany.com:80"}}]}}]}}]}}"#
    )
}

#[test]
fn what_was_announced_adapts_as_printed() {
    let (primary, secondary) = (proxy("prod"), proxy("staging"));
    let rest = format!(r#""primary":{primary},"secondary":{secondary}}}"#);
    let cases = [
        ("", "", r#"{"handler":"mirror","metrics_name":"","#),
        (
            "      metrics mirror_all # We added this here!\n",
            "{\n    metrics\n}\n\n",
            r#"{"handler":"mirror","metrics_name":"mirror_all","#,
        ),
        (
            "      compare_body # This is the operative part.\n",
            "",
            r#"{"compare_body":true,"handler":"mirror","metrics_name":"","#,
        ),
        ("      compare_jq .data \n", "", r#"{"compare_jq":[".data"],"handler":"mirror","metrics_name":"","#),
    ];
    for (options, global, beginning) in cases {
        assert_eq!(handler(&announced(options, global)), format!("{beginning}{rest}"));
    }
}

/// An upstream that keeps what it is sent: method, target and body.
struct Upstream {
    origin: Origin,
    got: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// Answers each request with what the function makes of its target.
    async fn new(answer: fn(&str) -> Response<String>) -> Self {
        let got = Arc::<Mutex<Vec<String>>>::default();
        let keep = Arc::clone(&got);
        let origin = Origin::answering(move |request: Request<Incoming>| {
            let keep = Arc::clone(&keep);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map_or_else(
                    |error| format!("cut: {error}"),
                    |body| String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                );
                keep.lock().unwrap().push(format!("{} {} {body}", head.method, head.uri));
                let response = answer(head.uri.path()).map(Bytes::from);
                Ok::<_, Infallible>(response.map(Full::new))
            }
        });
        Self { origin: origin.await, got }
    }

    async fn saying(text: &'static str) -> Self {
        match text {
            "primary" => Self::new(|_| Response::new("primary".to_owned())).await,
            _ => Self::new(|_| Response::new("secondary".to_owned())).await,
        }
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

/// A server that mirrors, and writes its log into a file.
struct Mirror {
    server: Server,
}

impl Mirror {
    /// With options, and directives in the blocks.
    async fn with(options: &str, primary: &str, secondary: &str) -> Self {
        let blocks = format!("primary {{\n{primary}\n}}\nsecondary {{\n{secondary}\n}}");
        Self::site(&format!("mirror {{\n{options}\n{blocks}\n}}")).await
    }

    /// Between two upstreams.
    async fn between(options: &str, primary: &Upstream, secondary: &Upstream) -> Self {
        let proxy = |upstream: &Upstream| format!("reverse_proxy {}", upstream.origin.address);
        Self::with(options, &proxy(primary), &proxy(secondary)).await
    }

    async fn site(directives: &str) -> Self {
        let server = Server::idle();
        let log = server.folder.join("log");
        let global = format!("{{\nmetrics\nlog {{\noutput file {}\n}}\n}}\n", log.display());
        let loaded = server.load(&format!("{global}http://:0 {{\n{directives}\n}}\n")).await;
        loaded.unwrap_or_else(|error| panic!("{error}"));
        Self { server }
    }

    async fn get(&self, target: &str) -> Answer {
        get(self.server.address(":0"), "h", target).await
    }

    async fn admin(&self, target: &str) -> Answer {
        self.ask_admin("GET", target).await
    }

    async fn ask_admin(&self, method: &str, target: &str) -> Answer {
        let address = self.server.control.admin_address().unwrap();
        send(address, request(method, &address.to_string(), target).body(Bytes::new()).unwrap()).await
    }

    async fn report(&self) -> Value {
        self.admin("/mirror/report").await.json()[0].clone()
    }

    /// The report, once a figure of it has the value.
    async fn once(&self, count: &str, value: u64) -> Value {
        let start = Instant::now();
        loop {
            let report = self.report().await;
            if report["counts"][count] == value {
                return report;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{count} is not {value}: {report}");
        }
    }

    /// The lines of the log with a message, once there are so many.
    async fn logged(&self, message: &str, count: usize) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let text = std::fs::read_to_string(self.server.folder.join("log")).unwrap_or_default();
            let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let lines: Vec<Value> = lines.filter(|line| line["msg"] == message).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "no {message} in {text}");
            tokio::task::yield_now().await;
        }
    }
}

/// What differs, on all routes.
fn differences(report: &Value) -> Vec<Value> {
    let routes = report["routes"].as_array().unwrap().iter();
    routes.flat_map(|route| route["differences"].as_array().unwrap().clone()).collect()
}

/// A printed Caddyfile with upstreams of ours.
async fn run_announced(options: &str, primary: &Upstream, secondary: &Upstream) -> Mirror {
    let text = announced(options, "");
    let text = text
        .replace("prod.assets.internal.bigcompany.com", &primary.origin.address.to_string())
        .replace("staging.assets.internal.bigcompany.com", &secondary.origin.address.to_string());
    let directives = text.split_once("{\n").unwrap().1.rsplit_once('}').unwrap().0;
    Mirror::site(directives).await
}

#[tokio::test]
async fn what_was_announced_does_what_it_says() {
    let primary = Upstream::new(|_| Response::new(r#"{"data":{"a":[1]},"v":1}"#.to_owned())).await;
    let secondary = Upstream::new(|target| {
        let same = r#"{"v":2,"data":{"a":[1]}}"#;
        let other = r#"{"v":2,"data":{"a":[2]}}"#;
        Response::new(if target == "/other" { other } else { same }.to_owned())
    })
    .await;

    let mirror =
        run_announced("      metrics mirror_all # We added this here!\n", &primary, &secondary).await;
    assert_eq!(mirror.get("/logo.svg?x").await.text(), r#"{"data":{"a":[1]},"v":1}"#);
    mirror.once("mirrored", 1).await;
    let start = Instant::now();
    loop {
        let metrics = mirror.admin("/metrics").await.text();
        let names = [
            "primary_time_to_first_byte",
            "shadow_time_to_first_byte",
            "primary_total_time",
            "shadow_total_time",
        ];
        if names.iter().all(|name| metrics.contains(&format!("\nmirror_all_{name}_seconds_count 1\n"))) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{metrics}");
    }
    assert_eq!(
        (primary.got(), secondary.got()),
        (vec!["GET /logo.svg?x ".into()], vec!["GET /logo.svg?x ".into()])
    );

    let mirror =
        run_announced("      compare_body # This is the operative part.\n", &primary, &secondary).await;
    mirror.get("/").await;
    let line = &mirror.logged("shadow_mismatch", 1).await[0];
    assert_eq!((&line["level"], &line["logger"]), (&json!("info"), &json!("http.handlers.mirror")));
    assert_eq!(line["primary_body"], r#"{"data":{"a":[1]},"v":1}"#);
    assert_eq!((&line["shadow_body"], &line["offset"]), (&json!(r#"{"v":2,"data":{"a":[1]}}"#), &json!(2)));

    let mirror = run_announced("      compare_jq .data \n", &primary, &secondary).await;
    mirror.get("/same").await;
    let report = mirror.once("compared", 1).await;
    assert_eq!(report["counts"]["equal"], 1, "{report}");
    mirror.get("/other").await;
    let line = &mirror.logged("shadow_mismatch", 1).await[0];
    assert_eq!(
        (&line["primary_body"], &line["shadow_body"]),
        (&json!(r#"{"a":[1]}"#), &json!(r#"{"a":[2]}"#))
    );
}

#[tokio::test]
async fn bodies_reach_both_sides_and_answers_come_from_one() {
    let (primary, secondary) = (Upstream::saying("primary").await, Upstream::saying("secondary").await);
    let mirror = Mirror::between("", &primary, &secondary).await;
    let large = "0123456789abcdef".repeat(1 << 15);
    for body in ["Hello, world!", &large] {
        let call = request("POST", "h", "/x").body(Bytes::from(body.to_owned())).unwrap();
        assert_eq!(send(mirror.server.address(":0"), call).await.text(), "primary");
    }
    mirror.once("mirrored", 2).await;
    let start = Instant::now();
    while secondary.got().len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} requests", secondary.got().len());
        tokio::task::yield_now().await;
    }
    assert_eq!(primary.got(), ["POST /x Hello, world!".to_owned(), format!("POST /x {large}")]);
    assert_eq!(secondary.got(), primary.got());

    let without = Mirror::between("mirror_body off", &primary, &secondary).await;
    let call = request("POST", "h", "/off").body(Bytes::from("secret")).unwrap();
    send(without.server.address(":0"), call).await;
    let start = Instant::now();
    while secondary.got().len() < 3 {
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::task::yield_now().await;
    }
    assert_eq!((&*primary.got()[2], &*secondary.got()[2]), ("POST /off secret", "POST /off "));
}

#[tokio::test]
async fn each_part_of_an_answer_is_compared_if_asked_for() {
    let primary = |header: &str| format!("header X-A {header}\nrespond \"body\" 200");
    let secondary = "header X-A one\nrespond \"body\" 201";
    for (options, header, expected) in [
        ("compare_status", "one", vec!["status"]),
        ("compare_headers X-A", "one", vec![]),
        ("compare_headers X-A X-None", "two", vec!["X-A"]),
        ("compare_body", "two", vec![]),
        (
            "compare_status\ncompare_headers x-a\ncompare_body\nmetrics all_of_it",
            "two",
            vec!["X-A", "status"],
        ),
    ] {
        let mirror = Mirror::with(options, &primary(header), secondary).await;
        mirror.get("/").await;
        let report = mirror.once("compared", 1).await;
        let found = differences(&report);
        let mut fields: Vec<_> = found.iter().map(|found| found["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        assert_eq!(fields, expected, "{options}: {report}");
    }
    let mirror = Mirror::with("compare_headers X-A\nlog_level warn", &primary("two"), secondary).await;
    mirror.get("/path").await;
    let line = &mirror.logged("shadow_header_mismatch", 1).await[0];
    assert_eq!((&line["level"], &line["key"]), (&json!("warn"), &json!("X-A")));
    assert_eq!((&line["primary_values"], &line["shadow_values"]), (&json!("two"), &json!("one")));
    assert_eq!(line["request"], json!({"method": "GET", "host": "h", "uri": "/path"}));
}

#[tokio::test]
async fn requests_are_chosen() {
    for (options, mirrored) in [
        ("mirror_rate 0%", 0),
        ("mirror_rate 0", 0),
        ("mirror_rate -1", 0),
        ("mirror_rate 100%", 10),
        ("methods POST", 0),
        ("methods get", 10),
    ] {
        let mirror = Mirror::with(options, "respond one", "respond other").await;
        for _ in 0..10 {
            assert_eq!(mirror.get("/").await.text(), "one");
        }
        let report = mirror.once("mirrored", mirrored).await;
        assert_eq!(report["counts"]["mirrored"], mirrored, "{options}");
    }
    let mirror =
        Mirror::with("mirror_rate 50%\nmirror_by {query.user}", "respond one", "respond other").await;
    let mut chosen = 0;
    for user in 0..100 {
        let before = mirror.report().await["counts"]["mirrored"].as_u64().unwrap();
        mirror.get(&format!("/?user={user}")).await;
        mirror.get(&format!("/other?user={user}")).await;
        // Copies are counted before the answer is on its way.
        let twice = mirror.report().await["counts"]["mirrored"].as_u64().unwrap() - before;
        chosen += twice;
    }
    let report = mirror.once("mirrored", chosen).await;
    assert!((50..=150).contains(&chosen) && chosen % 2 == 0, "{chosen}: {report}");
}

#[tokio::test]
async fn the_sides_share_nothing() {
    let groups =
        "handle /a {\nvars leak yes\nrespond \"{vars.leak}{vars.before}\"\n}\nhandle {\nrespond other\n}";
    let primary = "header X-Side primary\nhandle {\nrespond \"[{vars.leak}{vars.before}]\"\n}";
    let mirror = Mirror::site(&format!(
        "vars before b\nmirror {{\ncompare_body\nprimary {{\n{primary}\n}}\nsecondary {{\nheader X-Leak yes\n{groups}\n}}\n}}"
    ))
    .await;
    for _ in 0..20 {
        let answer = mirror.get("/a").await;
        assert_eq!((answer.text().as_str(), answer.header("x-leak")), ("[b]", ""));
        assert_eq!(answer.header("x-side"), "primary");
    }
    let report = mirror.once("compared", 20).await;
    assert_eq!(differences(&report)[0]["last"]["shadow"], "yesb", "{report}");
}

/// A JSON API and its successor: times, ids and the order of some things differ from request to request.
fn api(target: &str, successor: bool) -> Response<String> {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let tags = if number.is_multiple_of(2) { ["a", "b"] } else { ["b", "a"] };
    let mut item =
        json!({"id": 7, "price": 12, "stock": {"left": 3}, "note": "old", "trace": format!("t{number}")});
    if successor && target == "/planted" {
        item["price"] = 13.into();
        item["stock"]["left"] = "3".into();
        item.as_object_mut().unwrap().remove("note");
        item["colour"] = "red".into();
    }
    let status = if target == "/gone" { 404 + 6 * u16::from(successor) } else { 200 };
    let body = if successor {
        format!(r#"{{"items":[{item}],"tags":{},"served_at":{number}}}"#, json!(tags))
    } else {
        format!(r#"{{"served_at":{number},"tags":{},"items":[{item}]}}"#, json!(tags))
    };
    Response::builder()
        .status(status)
        .header("x-request-id", number.to_string())
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn of_a_changed_api_exactly_the_change_is_found() {
    let (old, new) =
        (Upstream::new(|target| api(target, false)).await, Upstream::new(|target| api(target, true)).await);
    let again = Upstream::new(|target| api(target, false)).await;
    let compare =
        "compare_status\ncompare_headers Content-Type X-Request-Id\ncompare_json {\nunordered .tags\n}";
    let baseline = format!("{compare}\nbaseline {{\nreverse_proxy {}\n}}", again.origin.address);
    let learn = format!("{compare}\nlearn 5");
    for options in [&baseline, &learn] {
        let mirror = Mirror::between(options, &old, &new).await;
        let copies = if options.contains("baseline") { 2 } else { 1 };
        for _ in 0..5 {
            mirror.get("/").await;
        }
        // What is learnt must have been learnt before the change comes.
        mirror.once("mirrored", 5 * copies).await;
        let (before, lessons) = if copies == 2 { (5, 0) } else { (0, 5) };
        let start = Instant::now();
        while mirror.report().await["counts"]["learnt"] != lessons {
            assert!(start.elapsed() < Duration::from_secs(20), "{}", mirror.report().await);
        }
        mirror.once("compared", before).await;
        for target in ["/planted", "/", "/gone"] {
            mirror.get(target).await;
        }
        let report = mirror.once("compared", before + 3).await;
        let found = differences(&report);
        let told = |name: &str| {
            found.iter().map(|found| found[name].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let planted = ["status", ".items[].colour", ".items[].note", ".items[].price", ".items[].stock.left"];
        assert_eq!(told("field"), planted, "{report}");
        let noise = report["noise"].as_array().unwrap().iter();
        let noise: Vec<_> = noise.map(|noise| noise["field"].as_str().unwrap()).collect();
        assert_eq!(noise, ["X-Request-Id", ".items[].trace", ".served_at"], "{report}");
        assert!(found.iter().all(|found| found["count"] == 1), "{report}");
        let sides: Vec<_> = found
            .iter()
            .map(|found| (found["first"]["primary"].clone(), found["first"]["shadow"].clone()))
            .collect();
        let expected =
            [("404", "410"), ("(none)", "\"red\""), ("\"old\"", "(none)"), ("12", "13"), ("3", "\"3\"")];
        assert_eq!(sides, expected.map(|(primary, shadow)| (json!(primary), json!(shadow))));
        assert_eq!(
            (&found[0]["last"]["uri"], &found[3]["last"]["uri"]),
            (&json!("/gone"), &json!("/planted"))
        );
    }
}

#[tokio::test]
async fn several_secondaries_and_their_own_rewriting() {
    let (one, two, three) =
        (Upstream::saying("primary").await, Upstream::saying("b").await, Upstream::saying("c").await);
    let blocks = format!(
        "mirror {{\ncompare_body\nprimary {{\nreverse_proxy {}\n}}\nsecondary {{\nrewrite * /v2{{uri}}\nreverse_proxy {}\n}}\nsecondary {{\nreverse_proxy {}\n}}\n}}",
        one.origin.address, two.origin.address, three.origin.address
    );
    let mirror = Mirror::site(&blocks).await;
    assert_eq!(mirror.get("/x").await.text(), "primary");
    mirror.once("compared", 2).await;
    assert_eq!(
        (one.got(), two.got(), three.got()),
        (vec!["GET /x ".to_owned()], vec!["GET /v2/x ".to_owned()], vec!["GET /x ".to_owned()],)
    );
    let lines = mirror.logged("shadow_mismatch", 2).await;
    let mut numbers: Vec<_> = lines.iter().map(|line| line["secondary"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1]);
}
