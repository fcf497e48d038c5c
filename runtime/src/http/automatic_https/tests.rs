use caddis_config::{from_value, to_json};
use serde_json::{Value, json};

use super::*;
use crate::testing;

fn planned(servers: Value) -> Plan {
    planned_with(json!({"servers": servers}))
}

fn planned_with(app: Value) -> Plan {
    let app: App = from_value(app).unwrap();
    plan(&app, |name| name == "loaded.example", &testing::process().logger).unwrap()
}

fn host(name: &str) -> Value {
    json!({"match": [{"host": [name]}], "terminal": true})
}

/// `host -> location` of the redirects of a server.
fn redirects(server: &Server) -> Vec<String> {
    let route = |route: &caddis_config::http::Route| {
        let route: Value = serde_json::from_str(&to_json(route)).unwrap();
        let location = route.pointer("/handle/0/headers/Location/0")?.as_str()?.to_owned();
        let hosts = route.pointer("/match/0/host").map_or("any".to_owned(), ToString::to_string);
        Some(format!("{hosts} -> {location}"))
    };
    server.routes.iter().filter_map(route).collect()
}

#[test]
fn hosts_get_tls_certificates_and_redirects() {
    let plan = planned(json!({"a": {"listen": [":443"], "routes": [host("a.example")]}}));
    assert_eq!(plan.app.servers["a"].tls_connection_policies.len(), 1);
    assert_eq!(plan.names.iter().collect::<Vec<_>>(), ["a.example"]);
    let redirect = &plan.app.servers[REDIRECT_SERVER];
    assert_eq!(redirect.listen, [":80"]);
    let expected = [
        "[\"a.example\"] -> https://{http.request.host}{http.request.uri}",
        "any -> https://{http.request.host}{http.request.uri}",
    ];
    assert_eq!(redirects(redirect), expected);
}

#[test]
fn nothing_happens_on_the_http_port_or_where_it_is_turned_off() {
    let plan = planned(json!({
        "plain": {"listen": [":80"], "routes": [host("a.example")]},
        "off": {"listen": [":443"], "routes": [host("b.example")], "automatic_https": {"disable": true}},
        "other": {"listen": [":8080"], "routes": [{}]},
    }));
    assert!(plan.app.servers.values().all(|server| server.tls_connection_policies.is_empty()));
    assert!(plan.names.is_empty() && plan.app.servers.len() == 3);
}

#[test]
fn parts_of_it_can_be_turned_off() {
    let settings = json!({
        "skip": ["skipped.example"], "skip_certificates": ["own.example"], "disable_redirects": true,
    });
    let routes = ["skipped.example", "own.example", "loaded.example", "a.example"].map(host);
    let plan = planned(json!({"a": {"listen": [":443"], "routes": routes, "automatic_https": settings}}));
    assert_eq!(plan.names.iter().collect::<Vec<_>>(), ["a.example"]);
    assert!(!plan.app.servers.contains_key(REDIRECT_SERVER));
}

#[test]
fn a_server_on_the_http_port_takes_the_redirects_after_its_hosts() {
    let plan = planned(json!({
        "a": {"listen": [":443"], "routes": [host("a.example")]},
        "plain": {"listen": [":80"], "routes": [host("b.example"), {"handle": []}]},
    }));
    let plain = &plan.app.servers["plain"];
    assert_eq!(plain.routes.len(), 4);
    assert!(redirects::asks_for_host(&plain.routes[1]), "the redirect comes before the route for everything");
    assert_eq!(redirects(plain).len(), 2);
    assert!(!plan.app.servers.contains_key(REDIRECT_SERVER));
}

#[test]
fn other_ports_are_named_and_the_https_port_wins() {
    let plan = planned_with(json!({"http_port": 8080, "https_port": 8443, "servers": {
        "a": {"listen": [":9443"], "routes": [host("a.example"), host("b.example")]},
        "b": {"listen": [":8443"], "routes": [host("b.example"), host("*.b.example")]},
    }}));
    let redirect = &plan.app.servers[REDIRECT_SERVER];
    assert_eq!(redirect.listen, [":8080"]);
    let expected = [
        "[\"a.example\"] -> https://{http.request.host}:9443{http.request.uri}",
        "[\"b.example\",\"*.b.example\"] -> https://{http.request.host}{http.request.uri}",
        "any -> https://{http.request.host}{http.request.uri}",
    ];
    assert_eq!(redirects(redirect), expected);
}

#[test]
fn a_server_for_any_host_over_tls_redirects_any_host() {
    let plan = planned(json!({"a": {"listen": [":443"], "routes": [{}]}}));
    assert_eq!(plan.app.servers["a"].tls_connection_policies.len(), 1);
    assert!(plan.names.is_empty());
    assert_eq!(redirects(&plan.app.servers[REDIRECT_SERVER]).len(), 2);
}

#[test]
fn every_interface_keeps_its_own_redirects() {
    let plan =
        planned(json!({"a": {"listen": ["127.0.0.1:443", "[::1]:443"], "routes": [host("a.example")]}}));
    assert_eq!(plan.app.servers[REDIRECT_SERVER].listen, ["127.0.0.1:80", "[::1]:80"]);
}
