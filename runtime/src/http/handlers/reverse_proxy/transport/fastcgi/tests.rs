use std::{collections::BTreeMap, future::poll_fn};

use caddis_config::from_value;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{
    environment::Environment,
    record::{self, Record, Records},
    response,
};
use crate::testing;

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn variables(config: Value, target: &str) -> BTreeMap<String, String> {
    let mut cx = testing::build();
    let environment = Environment::build(&from_value(config).unwrap(), &mut cx).unwrap();
    let mut exchange = testing::exchange(target, &[("host", "example.com:8443")]);
    exchange.set_var("root", "/srv/www/");
    let request = Request::builder().uri(target).header("host", "example.com:8443");
    let request = request.header("x-a", "1").header("x-a", "2").header("proxy", "evil").body(()).unwrap();
    environment.of(&request.into_parts().0, &exchange).unwrap().into_iter().collect()
}

#[test]
fn a_path_is_split_into_script_and_info() {
    let env = variables(json!({"split_path": [".PHP"]}), "/app/index.php/page/2?q=1");
    for (name, value) in [
        ("SCRIPT_NAME", "/app/index.php"),
        ("SCRIPT_FILENAME", "/srv/www/app/index.php"),
        ("PATH_INFO", "/page/2"),
        ("PATH_TRANSLATED", "/srv/www/page/2"),
        ("DOCUMENT_URI", "/app/index.php"),
        ("DOCUMENT_ROOT", "/srv/www"),
        ("REQUEST_URI", "/app/index.php/page/2?q=1"),
        ("QUERY_STRING", "q=1"),
        ("SERVER_NAME", "example.com"),
        ("SERVER_PORT", "8443"),
        ("REMOTE_ADDR", "192.0.2.77"),
        ("REMOTE_PORT", "4711"),
        ("HTTP_X_A", "1, 2"),
        ("HTTP_HOST", "example.com:8443"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    assert!(!env.contains_key("HTTP_PROXY") && !env.contains_key("HTTPS"));
}

#[test]
fn scripts_stay_below_the_root() {
    let env =
        variables(json!({"split_path": [".php"], "env": {"EXTRA": "{http.request.method}"}}), "/../../a.php");
    assert_eq!(env["SCRIPT_FILENAME"], "/srv/www/a.php");
    assert_eq!(env["EXTRA"], "GET");
    assert!(!env.contains_key("PATH_TRANSLATED"));
    let unsplit = variables(json!({"split_path": [".php"]}), "/plain.html");
    assert_eq!((&*unsplit["SCRIPT_NAME"], &*unsplit["PATH_INFO"]), ("/plain.html", ""));
}

#[test]
fn a_null_byte_is_a_bad_request() {
    let mut cx = testing::build();
    let environment = Environment::build(&Default::default(), &mut cx).unwrap();
    let request = Request::builder().uri("/a%00.php").body(()).unwrap();
    let error = environment.of(&request.into_parts().0, &testing::exchange("/", &[])).unwrap_err();
    assert_eq!(error.status(), 400);
}

#[test]
fn long_parameters_take_long_lengths() {
    let mut out = Vec::new();
    record::parameters(&[("A".to_owned(), "b".repeat(200))], &mut out);
    assert_eq!(out[..8], record::header(4, 206));
    assert_eq!(out[8..14], [1, 0x80, 0, 0, 200, b'A']);
    assert_eq!(out[out.len() - 8..], record::header(4, 0));
}

/// A record as responders send it, padded.
fn sent(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut header = record::header(kind, content.len());
    header[6] = 3;
    [&header[..], content, &[0; 3]].concat()
}

#[test]
fn records_are_taken_apart_however_they_come() {
    run(async {
        let wire = [sent(6, b"one"), sent(6, b""), sent(7, b"oops"), sent(3, &[0; 8])].concat();
        let (one, two) = wire.split_at(9);
        let mut records = Records::new(tokio_chain(one, two));
        let mut all = Vec::new();
        while all.last() != Some(&Record::End) {
            all.push(poll_fn(|cx| records.poll_next(cx)).await.unwrap());
        }
        let expected = [Record::Stdout("one".into()), Record::Stderr("oops".into()), Record::End];
        assert_eq!(all, expected);
        assert!(poll_fn(|cx| records.poll_next(cx)).await.is_err(), "nothing follows the end");
    });
}

fn tokio_chain<'a>(one: &'a [u8], two: &'a [u8]) -> impl tokio::io::AsyncRead + Unpin + 'a {
    tokio::io::AsyncReadExt::chain(one, two)
}

#[test]
fn a_head_may_be_spread_over_records() {
    run(async {
        let wire = [
            sent(6, b"Status: 404 Gone Fishing\r\nX-A: 1\r"),
            sent(6, b"\n\nbo"),
            sent(6, b"dy"),
            sent(3, &[0; 8]),
        ];
        let wire: &'static [u8] = wire.concat().leak();
        let response = response::read(Records::new(wire), false, None, None).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["x-a"]), (404, &"1".parse().unwrap()));
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "body");
    });
}

#[test]
fn what_breaks_off_is_an_error() {
    run(async {
        let head: &'static [u8] = sent(6, b"Content-Type: text/plain\n").leak();
        assert!(response::read(Records::new(head), false, None, None).await.is_err());
        let body: &'static [u8] = sent(6, b"Content-Type: text/plain\n\nhalf").leak();
        let response = response::read(Records::new(body), false, None, None).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.into_body().collect().await.is_err());
        let nonsense: &'static [u8] = sent(6, b"no field\n\n").leak();
        assert!(response::read(Records::new(nonsense), false, None, None).await.is_err());
    });
}
