use serde_json::{Value, json};

use super::*;
use crate::{
    http::{Exchange, route::any_set_matches},
    testing::{build, exchange},
};

fn sets(config: Value) -> Vec<MatcherSet> {
    let configs: Vec<ConfigSet> = caddis_config::from_value(json!([config])).unwrap();
    build_sets(&configs, &mut build()).unwrap()
}

fn fits(config: Value, exchange: &mut Exchange) -> bool {
    any_set_matches(&sets(config), exchange).unwrap()
}

fn error(config: Value) -> BuildError {
    let configs: Vec<ConfigSet> = caddis_config::from_value(json!([config])).unwrap();
    build_sets(&configs, &mut build()).err().unwrap()
}

#[test]
fn host() {
    let many: Vec<_> = (0..200).map(|n| format!("host{n}.test")).collect();
    for (hosts, asked, matched) in [
        (json!(["a.test"]), "A.Test:8080", true),
        (json!(["A.TEST"]), "a.test", true),
        (json!(["a.test"]), "b.test", false),
        (json!(["*.a.test"]), "x.a.test", true),
        (json!(["*.a.test"]), "x.y.a.test", false),
        (json!(["*.a.test"]), "a.test", false),
        (json!(["*.*.test"]), "x.a.test", true),
        (json!(["::1"]), "[::1]", true),
        (json!(["::1"]), "[::1]:80", true),
        (json!(["{http.request.header.X}.test"]), "a.test", true),
        (json!(["{http.request.header.X}.test"]), "b.test", false),
        (json!(["bücher.test"]), "xn--bcher-kva.test", true),
        (json!(many), "HOST150.test", true),
        (json!(many), "host200.test", false),
        (json!([]), "a.test", false),
    ] {
        let mut exchange = exchange("/", &[("host", asked), ("x", "a")]);
        assert_eq!(fits(json!({"host": hosts}), &mut exchange), matched, "{hosts} {asked}");
    }
    assert!(error(json!({"host": ["a.test", "A.test"]})).message.contains("repeated"));
}

#[test]
fn path() {
    for (pattern, target, matched) in [
        ("/", "/", true),
        ("/", "/a", false),
        ("*", "/x", true),
        ("/foo", "/FOO", true),
        ("/Foo", "/foo", true),
        ("/foo", "/foo/", false),
        ("/foo/*", "/foo/bar", true),
        ("/foo/*", "/foo", false),
        ("/foo*", "/foobar", true),
        ("*.php", "/a/b.PHP", true),
        ("*/b/*", "/a/b/c", true),
        ("*b*", "/abc", true),
        ("/a/*/c", "/a/b/c", true),
        ("/a/*/c", "/a/b/x/c", false),
        ("/a/*/c/*", "/a/b/c/d", true),
        ("/foo", "//foo", true),
        ("/foo", "/bar/../foo", true),
        ("/foo", "/%2e%2e/foo", true),
        ("//foo", "//foo", true),
        ("//foo", "/foo", false),
        ("/a b", "/a%20b", true),
        ("/foo*", "/%66oo", true),
        ("/%66oo", "/foo", false),
        ("/%40x", "/%40x", true),
        ("/%40x", "/@x", false),
        ("/a%2Fb", "/a%2fb", true),
        ("/a%2Fb", "/a/b", false),
        ("/a%2fb", "/a%2fbc", false),
        ("/bands/%*/*", "/bands/AC%2fDC/T.N.T", true),
        ("/bands/*/*", "/bands/AC%2fDC/T.N.T", false),
        ("/bands/%*/", "/bands/AC%2fDC/", true),
        ("/%25@.txt", "/%25@.txt", true),
        ("/%25@.txt", "/%25%40.txt", true),
        ("/%25%40.txt", "/%25%40.txt", true),
        ("/%25%40.txt", "/%25@.txt", false),
        ("/{http.request.header.X}", "/value", true),
        ("/{http.request.header.X}/*", "/value/y", true),
    ] {
        let mut exchange = exchange(target, &[("x", "value")]);
        assert_eq!(fits(json!({"path": [pattern]}), &mut exchange), matched, "{pattern} {target}");
    }
}

#[test]
fn path_regexp_leaves_captures() {
    let mut exchange = exchange("/a//x.html", &[]);
    let matcher = json!({"path_regexp": {"name": "n", "pattern": "^/(\\w+)/(?P<file>.*)\\.html$"}});
    assert!(fits(matcher, &mut exchange));
    for (name, value) in
        [("0", "/a/x.html"), ("1", "a"), ("n.1", "a"), ("2", "x"), ("file", "x"), ("n.file", "x")]
    {
        let name = format!("http.regexp.{name}");
        let found = exchange.placeholders.iter().find(|(key, _)| **key == *name).unwrap();
        assert_eq!(found.1, value.into(), "{name}");
    }
    assert!(error(json!({"path_regexp": {"pattern": "("}})).message.contains("compiling matcher regexp"));
}

#[test]
fn query() {
    for (config, target, matched) in [
        (json!({}), "/", true),
        (json!({}), "/?a", false),
        (json!({"a": ["1"]}), "/?a=1", true),
        (json!({"a": ["1"]}), "/?a=2&a=1", true),
        (json!({"a": ["1"]}), "/?a=2", false),
        (json!({"a": ["*"]}), "/?a=", true),
        (json!({"a": ["*"]}), "/?b=", false),
        (json!({"a": []}), "/?a=1", false),
        (json!({"a": ["1"], "b": ["2"]}), "/?a=1&b=2", true),
        (json!({"a": ["1"], "b": ["2"]}), "/?a=1", false),
        (json!({"a": ["1"]}), "/?a=1&b=%zz", false),
        (json!({"a": ["1"]}), "/?a=1;b=2", false),
        (json!({"a b": ["c d"]}), "/?a+b=c%20d", true),
        (json!({"{http.request.header.X}": ["{http.request.header.X}"]}), "/?k=k", true),
    ] {
        let mut exchange = exchange(target, &[("x", "k")]);
        assert_eq!(fits(json!({"query": config}), &mut exchange), matched, "{config} {target}");
    }
}

#[test]
fn the_simple_ones() {
    for (config, matched) in [
        (json!({"method": ["get"]}), true),
        (json!({"method": ["POST", "PUT"]}), false),
        (json!({"protocol": "http"}), true),
        (json!({"protocol": "https"}), false),
        (json!({"protocol": "http/1.1"}), true),
        (json!({"protocol": "http/1.0+"}), true),
        (json!({"protocol": "http/2+"}), false),
        (json!({"protocol": "grpc"}), true),
        (json!({"tls": {}}), false),
        (json!({"remote_ip": {"ranges": ["192.0.2.0/24"]}}), true),
        (json!({"remote_ip": {"ranges": ["192.0.2.78", "10.0.0.0/8"]}}), false),
        (json!({"client_ip": {"ranges": ["::1", "192.0.2.77"]}}), true),
        (json!({"header": {"Content-Type": ["application/*"]}}), true),
        (json!({"header_regexp": {"Content-Type": {"pattern": "^app.*(grpc)$"}}}), true),
        (json!({"header_regexp": {"Content-Type": {"pattern": "x"}}}), false),
        (json!({"vars": {"{http.request.method}": ["GET"]}}), true),
        (json!({"vars": {"v": ["no", "1"]}}), true),
        (json!({"vars": {"v": ["no"], "w": ["2"]}}), false),
        (json!({"vars_regexp": {"v": {"pattern": "^\\d$"}}}), true),
        (json!({"not": []}), true),
        (json!({"not": [{"method": ["GET"]}]}), false),
        (json!({"not": [{"method": ["POST"]}, {"path": ["/x"]}]}), true),
        (json!({"not": [{"method": ["GET"], "path": ["/x"]}]}), true),
        (json!({"method": ["GET"], "path": ["/x"]}), false),
        (json!({}), true),
    ] {
        let mut exchange = exchange("/p", &[("content-type", "application/grpc")]);
        exchange.set_var("v", "1");
        assert_eq!(fits(config.clone(), &mut exchange), matched, "{config}");
    }
    assert!(error(json!({"remote_ip": {"ranges": ["1.2.3"]}})).path.ends_with("/remote_ip/ranges/0"));
    assert!(error(json!({"protocol": "spdy"})).message.contains("spdy"));
}

#[test]
fn file() {
    let folder = crate::testing::folder(&[
        ("index.php", "<?php"),
        ("a.html", "aaa"),
        ("sub/b.html", "b"),
        ("sub/c*d.html", "starred"),
    ]);
    let root = folder.path();
    let relative = |config: Value, target: &str| {
        let mut config = config;
        config["root"] = json!(root);
        let mut exchange = exchange(target, &[]);
        fits(json!({"file": config}), &mut exchange).then(|| {
            let get = |name: &str| {
                let name = format!("http.matchers.file.{name}");
                let found = exchange.placeholders.iter().find(|(key, _)| **key == *name).unwrap();
                found.1.clone().into_text()
            };
            assert_eq!(get("absolute"), format!("{}{}", root, get("relative")));
            format!("{} {} {}", get("relative"), get("type"), get("remainder")).trim_end().to_owned()
        })
    };
    for (config, target, found) in [
        (json!({}), "/a.html", Some("/a.html file")),
        (json!({}), "/none", None),
        (json!({}), "/sub", None),
        (json!({"try_files": ["{http.request.uri.path}/"]}), "/sub", Some("/sub/ directory")),
        (json!({"try_files": ["{http.request.uri.path}/"]}), "/", Some("/ directory")),
        (
            json!({"try_files": ["{http.request.uri.path}", "{http.request.uri.path}/x", "index.php"]}),
            "/none",
            Some("/index.php file"),
        ),
        (
            json!({"split_path": [".php"], "try_files": ["{http.request.uri.path}"]}),
            "/index.php/rest/x",
            Some("/index.php file /rest/x"),
        ),
        (json!({"try_files": ["sub/*.html"]}), "/", Some("/sub/b.html file")),
        (json!({"try_files": ["sub/{http.request.uri.path}*.html"]}), "/c*", Some("/sub/c*d.html file")),
        (
            json!({"try_policy": "largest_size", "try_files": ["a.html", "sub/b.html", "index.php"]}),
            "/",
            Some("/index.php file"),
        ),
        (
            json!({"try_policy": "smallest_size", "try_files": ["a.html", "sub/b.html"]}),
            "/",
            Some("/sub/b.html file"),
        ),
        (json!({"try_files": ["../../etc/passwd"]}), "/", None),
    ] {
        assert_eq!(relative(config.clone(), target).as_deref(), found, "{config} {target}");
    }
    let status = sets(json!({"file": {"root": root, "try_files": ["none", "=418"]}}));
    let error = any_set_matches(&status, &mut exchange("/", &[])).unwrap_err();
    assert_eq!(error.status().as_u16(), 418);
}
