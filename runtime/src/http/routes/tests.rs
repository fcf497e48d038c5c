use caddis_config::from_value;
use http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::testing::{answer, build, exchange, refused, routes};

/// Status, header `X` and body of the answer to `GET target`.
fn get(config: Value, target: &str) -> (u16, String, String) {
    let response = answer(&routes(config), &mut exchange(target, &[("host", "a.test")])).unwrap();
    let x: Vec<_> = response.headers().get_all("x").iter().map(|value| value.to_str().unwrap()).collect();
    (response.status().as_u16(), x.join(","), String::from_utf8(response.body().to_vec()).unwrap())
}

fn respond(body: &str) -> Value {
    json!({"handler": "static_response", "body": body})
}

fn add(value: &str) -> Value {
    json!({"handler": "headers", "response": {"add": {"X": [value]}}})
}

#[test]
fn routes_run_in_order_until_one_answers() {
    let config = json!([
        {"match": [{"path": ["/a*"]}], "handle": [add("1")]},
        {"match": [{"path": ["/b*"]}, {"path": ["/ab*"]}], "handle": [add("2")]},
        {"handle": [respond("end")]},
        {"handle": [respond("never")]},
    ]);
    assert_eq!(get(config.clone(), "/a"), (200, "1".into(), "end".into()));
    assert_eq!(get(config.clone(), "/ab"), (200, "1,2".into(), "end".into()));
    assert_eq!(get(config, "/c"), (200, String::new(), "end".into()));
}

#[test]
fn a_request_that_nobody_answers_gets_an_empty_200() {
    assert_eq!(get(json!([{"handle": [add("1")]}]), "/"), (200, "1".into(), String::new()));
}

#[test]
fn of_a_group_only_the_first_that_matches_runs() {
    let config = json!([
        {"group": "g", "match": [{"path": ["/a"]}], "handle": [add("1")]},
        {"group": "g", "handle": [add("2")]},
        {"group": "other", "handle": [add("3")]},
    ]);
    assert_eq!(get(config.clone(), "/a").1, "1,3");
    assert_eq!(get(config, "/b").1, "2,3");
}

#[test]
fn groups_of_different_lists_are_different() {
    let inner = json!([{"group": "g", "handle": [add("2")]}]);
    let config = json!([
        {"group": "g", "handle": [add("1")]},
        {"handle": [{"handler": "subroute", "routes": inner}]},
    ]);
    assert_eq!(get(config, "/").1, "1,2");
}

#[test]
fn nothing_runs_after_a_terminal_route() {
    let inner = json!([{"terminal": true, "match": [{"path": ["/stop"]}], "handle": [add("in")]}]);
    let config = json!([{"handle": [{"handler": "subroute", "routes": inner}, respond("after")]}]);
    assert_eq!(get(config.clone(), "/stop"), (200, "in".into(), String::new()));
    assert_eq!(get(config, "/go"), (200, String::new(), "after".into()));
}

#[test]
fn errors_go_to_the_error_routes_of_the_subroute() {
    let config = json!([{"handle": [
        add("before"),
        {
            "handler": "subroute",
            "routes": [{"handle": [{"handler": "error", "error": "no {http.request.host}", "status_code": 418}]}],
            "errors": {"routes": [{
                "match": [{"expression": "{http.error.status_code} in [418]"}],
                "handle": [respond("{http.error.status_code}: {http.error.message}")],
            }]},
        },
    ]}]);
    assert_eq!(get(config, "/"), (418, "before".into(), "418: no a.test".into()));
}

#[test]
fn errors_that_nobody_handles_are_returned() {
    let config = routes(json!([{"handle": [{"handler": "error", "status_code": "{http.vars.code}"}]}]));
    let mut exchange = exchange("/", &[]);
    assert_eq!(answer(&config, &mut exchange).unwrap_err().status(), StatusCode::INTERNAL_SERVER_ERROR);
    exchange.set_var("code", "410");
    assert_eq!(answer(&config, &mut exchange).unwrap_err().status(), StatusCode::GONE);
}

#[test]
fn named_routes() {
    let server = |named: Value| -> Result<ServerRoutes, BuildError> {
        let server = json!({
            "named_routes": named,
            "routes": [{"handle": [{"handler": "invoke", "name": "n"}, respond("after")]}],
        });
        let mut cx = build();
        cx.server = "srv0".to_owned();
        build_server(&from_value(server).unwrap(), &(0..0), &mut cx)
    };
    let built = server(json!({"n": {"handle": [add("named")]}})).unwrap();
    let response = answer(&built.routes, &mut exchange("/", &[])).unwrap();
    assert_eq!((&response.headers()["x"], &response.body()[..]), (&"named".parse().unwrap(), &b"after"[..]));

    let unknown = server(json!({})).err().unwrap();
    assert_eq!(unknown.path, "/routes/0/handle/0");
    let circular = server(json!({"n": {"handle": [{"handler": "invoke", "name": "n"}]}})).err().unwrap();
    assert_eq!(circular.path, "/apps/http/servers/srv0/named_routes/n/handle/0");
    assert!(circular.message.contains("invokes itself"), "{circular}");
}

#[test]
fn what_cannot_be_run_is_named_at_its_place() {
    let error = refused(json!([
        {"handle": []},
        {"handle": [{"handler": "subroute", "routes": [{"handle": [{"handler": "templates"}]}]}]},
    ]));
    assert_eq!(error.path, "/1/handle/0/routes/0/handle/0");
    assert!(error.message.contains("templates"), "{error}");
    let error = refused(json!([{"match": [{"path": ["/"]}, {"url_pattern": {"pattern": "/"}}]}]));
    assert_eq!(error.path, "/0/match/1/url_pattern");
}
