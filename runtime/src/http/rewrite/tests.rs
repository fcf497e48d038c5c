use serde_json::{Value, json};

use super::*;
use crate::testing::{build, exchange};

fn rewritten(config: Value, target: &str) -> String {
    let rewrite = Rewrite::build(&caddis_config::from_value(config).unwrap(), &mut build()).unwrap();
    let mut exchange = exchange(target, &[("host", "a.test"), ("x", "{env.SECRET}?/")]);
    exchange.set_placeholder("http.matchers.file.relative", "/a b?.txt");
    let (mut method, mut uri) = (exchange.request.method.clone(), exchange.request.uri.clone());
    rewrite.apply(&Scope::from(&exchange), &mut method, &mut uri);
    format!("{method} {uri}")
}

#[test]
fn method_and_target() {
    for (config, target, result) in [
        (json!({}), "/a?b", "GET /a?b"),
        (json!({"method": "post"}), "/a", "POST /a"),
        (json!({"uri": "/x"}), "/a?b=1", "GET /x?b=1"),
        (json!({"uri": "/x?"}), "/a?b=1", "GET /x"),
        (json!({"uri": "?q=1"}), "/a?b=1", "GET /a?q=1"),
        (json!({"uri": "/x#frag"}), "/a", "GET /x"),
        (json!({"uri": "x"}), "/a", "GET /x"),
        (json!({"uri": "/foo{http.request.uri}"}), "/bar?a=b", "GET /foo/bar?a=b"),
        (json!({"uri": "/foo{http.request.uri}?"}), "/bar?a=b", "GET /foo/bar?a=b"),
        (json!({"uri": "/foo{http.request.uri}?c=d"}), "/bar?a=b", "GET /foo/bar?c=d"),
        (json!({"uri": "{http.request.uri.path}/x"}), "/a%3Fb%2541", "GET /a%3Fb%2541/x"),
        (json!({"uri": "{http.matchers.file.relative}"}), "/", "GET /a%20b%3F.txt"),
        (json!({"uri": "/a b"}), "/", "GET /a%20b"),
        (
            json!({"uri": "/i.php?{http.request.uri.query}&p={http.request.uri.path}"}),
            "/a b".replace(' ', "%20").as_str(),
            "GET /i.php?p=%2Fa+b",
        ),
        (
            json!({"uri": "/i.php?{http.request.uri.query}&p={http.request.uri.path}"}),
            "/a?x=%20&y",
            "GET /i.php?x=%20&y&p=%2Fa",
        ),
        (json!({"uri": "/i?{http.request.uri.query}"}), "/a", "GET /i"),
        (json!({"uri": "/i?a={http.request.uri.query.a}"}), "/?a=%26b", "GET /i?a=%26b"),
        (json!({"uri": "/{http.request.header.X}?"}), "/", "GET /%7Benv.SECRET%7D?/"),
    ] {
        assert_eq!(rewritten(config.clone(), target), result, "{config} {target}");
    }
}

#[test]
fn prefix_suffix_and_parts() {
    for (config, target, result) in [
        (json!({"strip_path_prefix": "/api"}), "/api/x?q", "GET /x?q"),
        (json!({"strip_path_prefix": "api"}), "/API/x", "GET /x"),
        (json!({"strip_path_prefix": "/api"}), "/api", "GET /"),
        (json!({"strip_path_prefix": "/api"}), "/x/api", "GET /x/api"),
        (json!({"strip_path_prefix": "/a b"}), "/a%20b/%2Fc", "GET /%2Fc"),
        (json!({"strip_path_prefix": "/a%2fb"}), "/a%2Fb/c", "GET /c"),
        (json!({"strip_path_prefix": "/a/b"}), "/a%2Fb/c", "GET /c"),
        (json!({"strip_path_prefix": "/a%2fb"}), "/a/b/c", "GET /a/b/c"),
        (json!({"strip_path_prefix": "/a"}), "//a/b", "GET /b"),
        (json!({"strip_path_prefix": "//a"}), "//a/b", "GET /b"),
        (json!({"strip_path_suffix": ".html"}), "/a.HTML", "GET /a"),
        (json!({"strip_path_suffix": ".html"}), "/a.txt", "GET /a.txt"),
        (json!({"uri_substring": [{"find": "o", "replace": "0"}]}), "/foo?o=o", "GET /f00?0=0"),
        (json!({"uri_substring": [{"find": "o", "replace": "0", "limit": 1}]}), "/foo?oo", "GET /f0o?0o"),
        (json!({"path_regexp": [{"find": "/{2,}", "replace": "/"}]}), "/a//b///c", "GET /a/b/c"),
        (json!({"path_regexp": [{"find": "^/(\\w+)/(\\w+)", "replace": "/$2/$1"}]}), "/a/b", "GET /b/a"),
    ] {
        assert_eq!(rewritten(config.clone(), target), result, "{config} {target}");
    }
}

#[test]
fn operations_on_the_query() {
    for (config, target, result) in [
        (json!({"rename": [{"key": "b", "val": "c"}]}), "/?a=1&b=2&b=3", "GET /?a=1&c=2&c=3"),
        (json!({"set": [{"key": "a", "val": "{http.request.host}"}]}), "/?b=2&a=1", "GET /?a=a.test&b=2"),
        (json!({"add": [{"key": "a", "val": "x y"}]}), "/?a=1", "GET /?a=1&a=x+y"),
        (json!({"delete": ["a"]}), "/?a=1&a=2", "GET /"),
        (json!({"replace": [{"key": "a", "search": "1", "replace": "2"}]}), "/?a=11&b=1", "GET /?a=22&b=1"),
        (
            json!({"replace": [{"key": "*", "search_regexp": "(\\d)", "replace": "<$1>"}]}),
            "/?a=1",
            "GET /?a=%3C1%3E",
        ),
    ] {
        assert_eq!(rewritten(json!({"query": config}), target), result, "{config} {target}");
    }
}
