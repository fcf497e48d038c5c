use caddis_config::from_value;
use serde_json::json;

use super::*;
use crate::testing::{build, exchange};

fn ops(config: serde_json::Value) -> HeaderOps {
    HeaderOps::build(&from_value(config).unwrap(), &mut build()).unwrap()
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

/// The header `X-One: 1`, `X-Two: a`, `X-Two: b`, `Etag: "v"` after the changes.
fn changed(config: serde_json::Value) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-one", "1"), ("x-two", "a"), ("x-two", "b"), ("etag", "\"v\"")] {
        headers.append(name, HeaderValue::from_static(value));
    }
    ops(config).apply_to_response(&mut headers, &exchange("/p?q=7", &[]), None);
    lines(&headers)
}

#[test]
fn each_kind_of_change() {
    let before = ["etag: \"v\"", "x-one: 1", "x-two: a", "x-two: b"];
    assert_eq!(changed(json!({})), before);
    for (config, after) in [
        (json!({"delete": ["X-*"]}), vec!["etag: \"v\""]),
        (json!({"delete": ["*tag", "x-TWO"]}), vec!["x-one: 1"]),
        (json!({"delete": ["*-*"]}), vec!["etag: \"v\""]),
        (json!({"delete": ["*"], "add": {"A": ["1", "2"]}}), vec!["a: 1", "a: 2"]),
        (json!({"delete": ["etag", "x-one"], "set": {"X-Two": ["c", "d"]}}), vec!["x-two: c,d"]),
        (json!({"delete": ["x-*", "etag"], "set": {"X-New": ["1"]}}), vec![]),
        (
            json!({"delete": ["x-*"], "set": {"Q": ["{http.request.uri.query.q}-{nope}"]}}),
            vec!["etag: \"v\"", "q: 7-{nope}"],
        ),
        (
            json!({"delete": ["etag", "x-one"], "replace": {"x-two": [{"search": "a", "replace": "A"}]}}),
            vec!["x-two: A", "x-two: b"],
        ),
        (
            json!({"delete": ["x-two"], "replace": {"*": [{"search_regexp": "(\\w)", "replace": "<$1>"}]}}),
            vec!["etag: \"<v>\"", "x-one: <1>"],
        ),
        (
            json!({"delete": ["x-*", "etag"], "set": {"copy-{http.request.uri.query.q}": ["x"]}}),
            vec!["copy-7: x"],
        ),
        (
            json!({"delete": ["x-*"], "replace": {"etag": [{"search_regexp": "{http.response.header.X-One}|v", "replace": "w"}]}}),
            vec!["etag: \"w\""],
        ),
    ] {
        assert_eq!(changed(config.clone()), after, "{config}");
    }
}

#[test]
fn line_breaks_do_not_split_a_header() {
    let mut headers = HeaderMap::new();
    let exchange = exchange("/?q=a%0d%0aSet-Cookie:%20x", &[]);
    let ops = ops(json!({"set": {"X": ["{http.request.uri.query.q}"]}}));
    ops.apply_to_response(&mut headers, &exchange, None);
    assert_eq!(lines(&headers), ["x: a  Set-Cookie: x"]);
}

#[test]
fn the_host_of_a_request() {
    let mut by_header = exchange("/", &[("host", "a.test")]);
    let set = ops(json!({"set": {"Host": ["{http.request.host}.internal"]}}));
    set.apply_to_request(&mut by_header);
    assert_eq!(by_header.authority(), "a.test.internal");

    let mut by_target = exchange("https://a.test/p", &[]);
    set.apply_to_request(&mut by_target);
    assert_eq!(by_target.authority(), "a.test.internal");
    assert_eq!(by_target.request.uri, "/p");

    let mut other = exchange("/", &[("host", "a.test"), ("x", "1")]);
    ops(json!({"delete": ["X"], "add": {"Y": ["2"]}})).apply_to_request(&mut other);
    assert_eq!(lines(&other.request.headers), ["host: a.test", "y: 2"]);
}

#[test]
fn mistakes_are_found_at_build() {
    for (config, path) in [
        (json!({"set": {"A B": ["1"]}}), "/set"),
        (json!({"replace": {"A": [{"search_regexp": "("}]}}), "/replace/A/0"),
        (json!({"replace": {"A": [{"search_regexp": "a", "search": "b"}]}}), "/replace/A/0"),
    ] {
        let error = HeaderOps::build(&from_value(config.clone()).unwrap(), &mut build()).unwrap_err();
        assert_eq!(error.path, path, "{config}");
    }
}
