use std::{collections::BTreeSet, io::Write};

use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{
    build,
    server::{Server, wait_for},
};

fn config(metrics: Json, routes: Json) -> Json {
    let servers = json!({"s": {"listen": ["127.0.0.1:0"], "routes": routes}});
    json!({"apps": {"http": {"metrics": metrics, "servers": servers}}})
}

fn text(server: &Server) -> String {
    server.0.process().metrics.text(crate::metrics::Form::Prometheus)
}

/// Waits for a sample: a request is counted after its last byte is sent.
fn expect(server: &Server, sample: &str) {
    wait_for(sample, || text(server).lines().any(|line| line == sample).then_some(()));
}

fn answers() -> Json {
    json!([
        {"match": [{"path": ["/none"]}], "terminal": true},
        {"match": [{"path": ["/fail"]}], "handle": [{"handler": "error", "error": "x", "status_code": 503}]},
        {"match": [{"path": ["/cut"]}], "handle": [{"handler": "static_response", "abort": true}]},
        {"match": [{"path": ["/odd"]}], "handle": [{"handler": "static_response", "status_code": 599}]},
        {"handle": [{"handler": "vars", "a": 1}]},
        {"match": [{"path": ["/two"]}], "handle": [{"handler": "static_response", "body": "hello"}]},
    ])
}

#[test]
fn requests_are_counted_for_each_route() {
    let server = Server::start(config(json!({}), answers()));
    server.get("/two", "a");
    server.get("/two", "a");
    expect(&server, "caddy_http_requests_total{server=\"s\",handler=\"vars\"} 2");
    expect(&server, "caddy_http_requests_total{server=\"s\",handler=\"static_response\"} 2");
    expect(&server, "caddy_http_requests_in_flight{server=\"s\",handler=\"vars\"} 0");
    let labels = "server=\"s\",handler=\"vars\",code=\"200\",method=\"GET\"";
    expect(&server, &format!("caddy_http_response_size_bytes_sum{{{labels}}} 10.0"));
    expect(&server, &format!("caddy_http_response_size_bytes_bucket{{le=\"256.0\",{labels}}} 2"));
    expect(&server, &format!("caddy_http_response_duration_seconds_count{{{labels}}} 2"));
    expect(&server, &format!("caddy_http_request_duration_seconds_count{{{labels}}} 2"));
    // "/two", "GET", "HTTP/1.1", and the fields `Host: a` and `Connection: close`.
    expect(&server, &format!("caddy_http_request_size_bytes_sum{{{labels}}} {}.0", 2 * (4 + 3 + 8 + 5 + 15)));
}

#[test]
fn failures_are_counted_and_cuts_are_not() {
    let server = Server::start(config(json!({}), answers()));
    server.get("/fail", "a");
    server.get("/cut", "a");
    server.get("/odd", "a");
    server.ask("BREW /fail HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(&server, "caddy_http_requests_total{server=\"s\",handler=\"error\"} 2");
    expect(&server, "caddy_http_request_errors_total{server=\"s\",handler=\"error\"} 2");
    for (method, handler, code) in
        [("GET", "error", 503), ("OTHER", "error", 503), ("GET", "static_response", 599)]
    {
        let labels = format!("server=\"s\",handler=\"{handler}\",code=\"{code}\",method=\"{method}\"");
        expect(&server, &format!("caddy_http_request_duration_seconds_count{{{labels}}} 1"));
    }
    expect(&server, "caddy_http_requests_in_flight{server=\"s\",handler=\"static_response\"} 0");
    // Of /cut and /odd, which share a label.
    expect(&server, "caddy_http_requests_total{server=\"s\",handler=\"static_response\"} 1");
    let told = text(&server);
    assert!(
        !told.contains("caddy_http_response_duration_seconds_count{server=\"s\",handler=\"error\""),
        "{told}"
    );
}

#[test]
fn a_client_that_leaves_is_counted() {
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dial = upstream.local_addr().unwrap().to_string();
    let proxy = json!([{"handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": dial}]}]}]);
    let server = Server::start(config(json!({}), proxy));
    let mut client = server.connect();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let wire = upstream.accept().unwrap();
    expect(&server, "caddy_http_requests_in_flight{server=\"s\",handler=\"reverse_proxy\"} 1");
    expect(&server, &format!("caddy_reverse_proxy_upstreams_healthy{{upstream=\"{dial}\"}} 1"));
    drop(client);
    expect(&server, "caddy_http_requests_in_flight{server=\"s\",handler=\"reverse_proxy\"} 0");
    expect(
        &server,
        "caddy_http_request_duration_seconds_count{server=\"s\",handler=\"reverse_proxy\",code=\"499\",method=\"GET\"} 1",
    );
    drop(wire);
}

#[test]
fn nothing_is_counted_unless_it_is_wanted() {
    let server = Server::start(config(json!(null), answers()));
    server.get("/two", "a");
    assert!(!text(&server).contains("caddy_http_"));
}

#[test]
fn figures_live_on_through_reloads_that_keep_them() {
    let server = Server::start(config(json!({}), answers()));
    server.get("/two", "a");
    let sample = "caddy_http_requests_total{server=\"s\",handler=\"vars\"} 1";
    expect(&server, sample);
    server.load(config(json!({}), json!([{"handle": [{"handler": "vars"}]}])));
    expect(&server, sample);
    wait_for("the figures of routes that are gone", || {
        (!text(&server).contains("static_response")).then_some(())
    });
}

fn observed(metrics: Json, hosts: &[&str]) -> BTreeSet<String> {
    let routes = json!([{"match": [{"host": ["A.example", "*.b.example", "{env.X}"]}]}, {}]);
    let app = caddis_config::from_value(config(metrics, routes)["apps"]["http"].take()).unwrap();
    let mut cx = build();
    let plan = Plan::build(&app, &mut cx).unwrap().unwrap();
    // A server name of its own, as the process is shared.
    let observer = plan.observer(&format!("{hosts:?}"), "h");
    let Observer::ByHost(by_host) = &observer else { return BTreeSet::new() };
    let labels = |host: &str| {
        let figures = by_host.of(&crate::testing::exchange("/", &[("host", host)]));
        let named = by_host
            .named
            .iter()
            .find(|(_, known)| Arc::ptr_eq(known, &figures))
            .map(|(name, _)| name.clone());
        let met = by_host.met.load();
        let met = met.iter().find(|(_, known)| Arc::ptr_eq(known, &figures)).map(|(name, _)| name.clone());
        named.or(met).unwrap_or_else(|| OTHER.to_owned())
    };
    hosts.iter().map(|host| labels(host)).collect()
}

#[test]
fn hosts_are_told_apart_where_clients_cannot_invent_them() {
    let hosts = ["a.EXAMPLE:80", "x.b.example", "c.example"];
    assert_eq!(observed(json!({}), &hosts), BTreeSet::new());
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(observed(json!({"per_host": true}), &hosts), names(&["a.example", "_other"]));
    let all = json!({"per_host": true, "observe_catchall_hosts": true});
    assert_eq!(observed(all, &hosts), names(&["a.example", "x.b.example", "c.example"]));
}

#[test]
fn hosts_that_clients_invent_are_bounded() {
    let hosts: Vec<String> = (0..MET + 5).map(|number| format!("h{number}.example")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let all = json!({"per_host": true, "observe_catchall_hosts": true});
    assert_eq!(observed(all, &hosts).len(), MET + 1);
}

#[test]
fn pushing_is_refused() {
    let app = caddis_config::from_value(json!({"metrics": {"otlp": true}})).unwrap();
    assert_eq!(Plan::build(&app, &mut build()).unwrap_err().path, "/metrics/otlp");
}
