//! What a build refuses as not supported is what the survey lists.

use caddis_config::Options;
use serde_json::{Value, json};

use super::*;
use crate::testing;

fn parsed(config: &Value) -> Config {
    let mut options = Options::default();
    options.allow_unknown_modules();
    Config::from_json_with(config.to_string().as_bytes(), &options).unwrap()
}

/// A configuration that has `value` at `pointer` and nothing else; numbers are places in lists.
fn only(pointer: &str, value: Value) -> Value {
    pointer.rsplit('/').filter(|segment| !segment.is_empty()).fold(value, |inner, segment| {
        match segment.parse::<usize>() {
            Ok(0) => json!([inner]),
            Ok(_) => json!([{}, inner]),
            Err(_) => json!({segment: inner}),
        }
    })
}

/// Merges objects and the members of lists.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => {
            into.resize(into.len().max(from.len()), Value::Null);
            into.iter_mut().zip(from).for_each(|(into, from)| merge(into, from));
        }
        (into, from) => *into = from,
    }
}

const SERVER: &str = "/apps/http/servers/s";
const HANDLER: &str = "/apps/http/servers/s/routes/0/handle/0";
const MATCHER: &str = "/apps/http/servers/s/routes/0/match/0";
const LOG: &str = "/logging/logs/l";
const POLICY: &str = "/apps/tls/automation/policies/0";
const CONNECTION: &str = "/apps/http/servers/s/tls_connection_policies/0";
const TRANSPORT: &str = "/apps/http/servers/s/routes/0/handle/0/transport";

/// Everything that is refused: where it stands, what it is, and the path of the refusal below it.
#[rustfmt::skip]
fn refusals() -> Vec<(String, Value, &'static str)> {
    let s = |rest: &str| format!("{SERVER}{rest}");
    let c = |rest: &str| format!("{CONNECTION}{rest}");
    let acme = json!({"module": "acme"});
    let internal = json!({"module": "internal"});
    let foreign = |key: &str| json!({key: "other"});
    vec![
        ("/admin".into(), json!({"identity": {"identifiers": ["a.test"]}}), "/identity"),
        ("/admin".into(), json!({"remote": {"listen": ":0"}}), "/remote"),
        ("/admin".into(), json!({"config": {"load": {"module": "http", "url": "http://127.0.0.1"}}}), "/config/load"),
        ("/storage".into(), foreign("module"), ""),
        ("/logging".into(), json!({"sink": {"writer": {"output": "discard"}}}), "/sink"),
        (LOG.into(), json!({"core": {"module": "mock"}}), "/core"),
        (LOG.into(), json!({"with_caller": true}), "/with_caller"),
        (LOG.into(), json!({"with_stacktrace": "error"}), "/with_stacktrace"),
        (LOG.into(), json!({"level": "FATAL"}), "/level"),
        (LOG.into(), json!({"writer": {"output": "net", "address": "127.0.0.1:1"}}), "/writer"),
        (LOG.into(), json!({"writer": foreign("output")}), "/writer"),
        (LOG.into(), json!({"writer": {"output": "file", "filename": "l", "roll_interval": 1}}), "/writer/roll_interval"),
        (LOG.into(), json!({"writer": {"output": "file", "filename": "l", "roll_minutes": [1]}}), "/writer/roll_minutes"),
        (LOG.into(), json!({"writer": {"output": "file", "filename": "l", "roll_at": ["0:00"]}}), "/writer/roll_at"),
        (LOG.into(), json!({"writer": {"output": "file", "filename": "l", "backup_time_format": "2006"}}), "/writer/backup_time_format"),
        (LOG.into(), json!({"writer": {"output": "file", "filename": "l", "dir_mode": "inherit"}}), "/writer/dir_mode"),
        (LOG.into(), json!({"encoder": {"format": "journald"}}), "/encoder"),
        (LOG.into(), json!({"encoder": foreign("format")}), "/encoder"),
        (LOG.into(), json!({"encoder": {"format": "filter", "fields": {"f": {"filter": "multi_regexp", "operations": [{"regexp": "x"}]}}}}), "/encoder/fields/f"),
        (LOG.into(), json!({"encoder": {"format": "filter", "fields": {"f": {"filter": "set_cookie"}}}}), "/encoder/fields/f"),
        (LOG.into(), json!({"encoder": {"format": "filter", "fields": {"f": foreign("filter")}}}), "/encoder/fields/f"),
        ("/apps".into(), json!({"other": {}}), "/other"),
        ("/apps".into(), json!({"events": {"subscriptions": [{"events": ["started"]}]}}), "/events"),
        ("/apps".into(), json!({"caddy.filesystems": {"filesystems": [{"name": "f", "file_system": foreign("backend")}]}}), "/caddy.filesystems"),
        ("/apps/pki/certificate_authorities/c".into(), json!({"storage": foreign("module")}), ""),
        ("/apps/tls".into(), json!({"encrypted_client_hello": {}}), "/encrypted_client_hello"),
        ("/apps/tls".into(), json!({"dns": foreign("name")}), "/dns"),
        ("/apps/tls".into(), json!({"resolvers": ["127.0.0.1"]}), "/resolvers"),
        ("/apps/tls".into(), json!({"automation": {"on_demand": {"ask": "http://127.0.0.1"}}}), "/automation/on_demand/ask"),
        ("/apps/tls".into(), json!({"automation": {"on_demand": {"permission": {"module": "http"}}}}), "/automation/on_demand/permission"),
        ("/apps/tls".into(), json!({"automation": {"ocsp_interval": 1}}), "/automation/ocsp_interval"),
        ("/apps/tls".into(), json!({"automation": {"storage_clean_interval": 1}}), "/automation/storage_clean_interval"),
        ("/apps/tls".into(), json!({"session_tickets": {"rotation_interval": 1}}), "/session_tickets/rotation_interval"),
        ("/apps/tls".into(), json!({"session_tickets": {"max_keys": 1}}), "/session_tickets/max_keys"),
        ("/apps/tls".into(), json!({"session_tickets": {"disable_rotation": true}}), "/session_tickets/disable_rotation"),
        ("/apps/tls".into(), json!({"session_tickets": {"key_source": {"provider": "distributed"}}}), "/session_tickets/key_source"),
        ("/apps/tls".into(), json!({"certificates": {"other": {}}}), "/certificates/other"),
        (POLICY.into(), json!({"get_certificate": [{"via": "tailscale"}]}), "/get_certificate"),
        (POLICY.into(), json!({"must_staple": true}), "/must_staple"),
        (POLICY.into(), json!({"reuse_private_keys": true}), "/reuse_private_keys"),
        (POLICY.into(), json!({"ocsp_overrides": {"a": "b"}}), "/ocsp_overrides"),
        ("/apps/tls/automation/policies/1".into(), json!({"subjects": ["a.test"], "on_demand": true, "issuers": [acme]}), "/on_demand"),
        (POLICY.into(), json!({"issuers": [internal, acme]}), "/issuers/1"),
        (POLICY.into(), json!({"storage": foreign("module")}), "/storage"),
        (c(""), json!({"insecure_secrets_log": "f"}), "/insecure_secrets_log"),
        (c(""), json!({"handshake_context": foreign("module")}), "/handshake_context"),
        (c(""), json!({"cipher_suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]}), "/cipher_suites"),
        (c(""), json!({"curves": ["secp521r1"]}), "/curves/0"),
        (c(""), json!({"protocol_min": "tls1.1"}), "/protocol_min"),
        (c(""), json!({"match": {"other": {}}}), "/match/other"),
        (c("/client_authentication"), json!({"verifiers": [{"verifier": "leaf"}]}), "/verifiers"),
        (s("/tls_connection_policies/1/client_authentication"), json!({"ca": {"provider": "storage"}}), "/ca"),
        (c("/client_authentication"), json!({"ca": {"provider": "combined", "sources": [{"provider": "http"}]}}), "/ca/sources/0"),
        (s(""), json!({"write_min_rate": 1}), "/write_min_rate"),
        (s(""), json!({"max_write_chunk": 1}), "/max_write_chunk"),
        (s(""), json!({"packet_conn_wrappers": [foreign("wrapper")]}), "/packet_conn_wrappers"),
        (s(""), json!({"listen": ["127.0.0.1:0", "fd/3"]}), "/listen/1"),
        (s(""), json!({"trusted_proxies": foreign("source")}), "/trusted_proxies"),
        (s(""), json!({"listener_wrappers": [foreign("wrapper")]}), "/listener_wrappers/0"),
        (s(""), json!({"logs": {"trace": true}}), "/logs/trace"),
        ("/apps/http".into(), json!({"metrics": {"otlp": true}}), "/metrics/otlp"),
        (MATCHER.into(), json!({"url_pattern": {"pattern": "/"}}), "/url_pattern"),
        (MATCHER.into(), json!({"expression": "url_pattern('/x')"}), "/expression"),
        (MATCHER.into(), json!({"other": {}}), "/other"),
        (MATCHER.into(), json!({"file": {"fs": "f"}}), "/file"),
        (MATCHER.into(), json!({"not": [{"other": {}}]}), "/not/0/other"),
        (HANDLER.into(), json!({"handler": "acme_server"}), ""),
        (HANDLER.into(), json!({"handler": "push"}), ""),
        (HANDLER.into(), json!({"handler": "templates"}), ""),
        (HANDLER.into(), json!({"handler": "timeouts"}), ""),
        (HANDLER.into(), json!({"handler": "tracing"}), ""),
        (HANDLER.into(), foreign("handler"), ""),
        (HANDLER.into(), json!({"handler": "subroute", "routes": [{"handle": [{"handler": "push"}]}]}), "/routes/0/handle/0"),
        (HANDLER.into(), json!({"handler": "file_server", "browse": {"template_file": "t.html"}}), "/browse/template_file"),
        (HANDLER.into(), json!({"handler": "file_server", "fs": "f"}), "/fs"),
        (HANDLER.into(), json!({"handler": "file_server", "precompressed": {"other": {}}}), "/precompressed/other"),
        (HANDLER.into(), json!({"handler": "encode", "encodings": {"other": {}}}), "/encodings/other"),
        (HANDLER.into(), json!({"handler": "encode", "encodings": {"gzip": {"level": -2}}}), "/encodings/gzip"),
        (HANDLER.into(), json!({"handler": "encode", "encodings": {"gzip": {}}, "minimum_length": -1}), "/minimum_length"),
        (HANDLER.into(), json!({"handler": "authentication", "providers": {"other": {}}}), "/providers/other"),
        (HANDLER.into(), json!({"handler": "authentication", "providers": {"http_basic": {"hash": foreign("algorithm"), "accounts": []}}}), "/providers/http_basic/hash"),
        (HANDLER.into(), json!({"handler": "log_append", "key": "k", "value": "{http.request.body}"}), ""),
        (HANDLER.into(), json!({"handler": "static_response", "body": "{http.shutting_down}"}), ""),
        (HANDLER.into(), json!({"handler": "static_response", "status_code": 101}), "/status_code"),
        (HANDLER.into(), json!({"handler": "vars", "v": {}}), "/v"),
        (HANDLER.into(), json!({"handler": "reverse_proxy", "circuit_breaker": foreign("type")}), "/circuit_breaker"),
        (HANDLER.into(), json!({"handler": "reverse_proxy", "transport": foreign("protocol")}), "/transport"),
        (HANDLER.into(), json!({"handler": "reverse_proxy", "dynamic_upstreams": foreign("source")}), "/dynamic_upstreams"),
        (HANDLER.into(), json!({"handler": "reverse_proxy", "load_balancing": {"selection_policy": foreign("policy")}}), "/load_balancing/selection_policy"),
        (HANDLER.into(), json!({"handler": "reverse_proxy", "health_checks": {"active": {"uri": "/"}}, "transport": {"protocol": "fastcgi"}}), "/health_checks/active"),
        (TRANSPORT.into(), json!({"network_proxy": {"from": "other"}}), "/network_proxy"),
        (TRANSPORT.into(), json!({"versions": ["3"], "tls": {}, "proxy_protocol": "v2"}), "/proxy_protocol"),
        (TRANSPORT.into(), json!({"tls": {"client_certificate_automate": "a.test"}}), "/tls/client_certificate_automate"),
        (TRANSPORT.into(), json!({"tls": {"renegotiation": "once"}}), "/tls/renegotiation"),
        (TRANSPORT.into(), json!({"tls": {"curves": ["other"]}}), "/tls/curves/0"),
        (TRANSPORT.into(), json!({"tls": {"ca": {"provider": "http"}}}), "/tls/ca"),
    ]
}

/// A configuration with one thing that is refused, and the pointer to it.
fn configuration((place, value, below): (String, Value, &str)) -> (Value, String) {
    let mut config = json!({"logging": {"logs": {"default": {"writer": {"output": "discard"}}}}});
    if place.starts_with(SERVER) {
        merge(&mut config, only(SERVER, json!({"listen": ["127.0.0.1:0"]})));
    }
    merge(&mut config, only(&place, value));
    if place.contains("/tls_connection_policies/") {
        merge(&mut config, only(SERVER, json!({"automatic_https": {"disable": true}})));
    }
    if place.starts_with(TRANSPORT) {
        merge(
            &mut config,
            only(HANDLER, json!({"handler": "reverse_proxy", "transport": {"protocol": "http"}})),
        );
    }
    (config, place + below)
}

#[test]
fn what_a_build_refuses_is_listed() {
    let mut wrong = Vec::new();
    for refusal in refusals() {
        let (json, pointer) = configuration(refusal);
        let config = parsed(&json);
        let refused = Instance::build(&config, None, &testing::process()).err();
        let found = survey(&config);
        let agrees =
            refused.as_ref().is_some_and(|r| r.unsupported && r.path == pointer && found == [r.clone()]);
        if !agrees {
            wrong.push((pointer, refused, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One refusal hides no other.
#[test]
fn everything_is_listed_at_once() {
    // Of what stands at the same place, one can be there at a time.
    let mut all = json!({});
    let mut expected = Vec::new();
    for refusal in refusals() {
        let (json, pointer) = configuration(refusal);
        let part = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        if part.starts_with(HANDLER) || part.starts_with(LOG) || all.pointer(&pointer).is_some() {
            continue;
        }
        expected.push(pointer);
        merge(&mut all, json);
    }
    let found: Vec<String> = survey(&parsed(&all)).into_iter().map(|refusal| refusal.path).collect();
    let missing: Vec<_> = expected.iter().filter(|pointer| !found.contains(pointer)).collect();
    assert!(missing.is_empty(), "{missing:#?} of\n{all:#}");
}

#[test]
fn the_parts_of_a_proxy_hide_none_of_each_other() {
    let proxy = json!({
        "handler": "reverse_proxy",
        "transport": {"protocol": "http", "versions": ["3"], "read_timeout": 1, "network_proxy": {"from": "other"}, "tls": {
            "renegotiation": "once", "ca": {"provider": "file", "pem_files": ["/nowhere"]},
            "client_certificate_file": "/nowhere", "client_certificate_key_file": "/nowhere",
        }},
        "dynamic_upstreams": {"source": "other"},
        "load_balancing": {"selection_policy": {"policy": "other"}},
        "handle_response": [{"routes": [{"handle": [{"handler": "push"}]}]}],
    });
    let found = survey(&parsed(&only(HANDLER, proxy)));
    let mut below: Vec<_> = found.iter().map(|refusal| &refusal.path[HANDLER.len()..]).collect();
    below.sort_unstable();
    let expected = [
        "/dynamic_upstreams",
        "/handle_response/0/routes/0/handle/0",
        "/load_balancing/selection_policy",
        "/transport/network_proxy",
        "/transport/read_timeout",
        "/transport/tls/renegotiation",
    ];
    assert_eq!(below, expected);
}

#[test]
fn names_that_need_a_public_authority_are_listed_once() {
    let hosts = ["a.example.com", "b.example.com", "localhost"];
    let listen = json!({"listen": [":443"], "routes": [{"match": [{"host": hosts}]}]});
    let found = survey(&parsed(&only(SERVER, listen.clone())));
    assert_eq!(found.len(), 1);
    assert!(found[0].message.starts_with("the certificate for a.example.com (and those for 1 other names)"));
    let mut loaded = only(SERVER, listen);
    merge(&mut loaded, only("/apps/tls/certificates/load_folders", json!(["/nowhere"])));
    assert_eq!(survey(&parsed(&loaded)), []);
}

/// Redirects to HTTPS are put before routes for every host, which keep their places in messages.
#[test]
fn routes_stand_where_the_configuration_has_them() {
    let config = json!({"apps": {
        "tls": {"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}},
        "http": {"http_port": 1, "servers": {
            "plain": {"listen": [":1"], "routes": [{"match": [{"host": ["a.test"]}]}, {"handle": [{"handler": "push"}]}]},
            "tls": {"listen": [":443"], "routes": [{"match": [{"host": ["b.test"]}]}]},
        }},
    }});
    let config = parsed(&config);
    let found = survey(&config);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].path, "/apps/http/servers/plain/routes/1/handle/0");
    assert_eq!(Instance::build(&config, None, &testing::process()).unwrap_err(), found[0]);
}

#[test]
fn an_ordinary_configuration_is_fine() {
    let config = json!({"apps": {"http": {"servers": {"s": {"routes": [
        {"match": [{"path_regexp": {"pattern": "x"}}], "handle": [{"handler": "vars"}]},
        {"handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": "127.0.0.1:1"}]}]},
    ]}}}}});
    assert_eq!(survey(&parsed(&config)), []);
}

#[test]
fn limits_that_shards_share_are_looked_at_without_shards() {
    for transport in [
        json!({"protocol": "http", "keep_alive": {"max_idle_conns": 3, "max_idle_conns_per_host": 2}}),
        json!({"protocol": "fastcgi", "keep_alive": {"max_idle_conns": 3}}),
    ] {
        let upstreams = json!([{"dial": "127.0.0.1:1"}]);
        let proxy = json!({"handler": "reverse_proxy", "upstreams": upstreams, "transport": transport});
        assert_eq!(survey(&parsed(&only(HANDLER, proxy))), []);
    }
}

/// What is wrong with one part hides nothing of the others.
#[test]
fn expressions_patterns_and_addresses() {
    let config = only(
        SERVER,
        json!({"routes": [
            {"match": [{"path_regexp": {"pattern": "("}, "expression": "path(1)", "remote_ip": {"ranges": ["nowhere"]}}]},
            {"match": [{"expression": "{env.NAME} + nothing"}, {"remote_ip": {"ranges": ["{env.RANGE}"]}}]},
            {"handle": [{"handler": "rewrite", "path_regexp": [{"find": "["}]}]},
        ]}),
    );
    let found = survey(&parsed(&config));
    assert!(found.iter().all(|error| !error.unsupported), "{found:#?}");
    let paths: Vec<_> = found.iter().map(|error| &error.path[SERVER.len()..]).collect();
    let expected = [
        "/routes/0/match/0/remote_ip/ranges/0",
        "/routes/0/match/0/path_regexp",
        "/routes/0/match/0/expression",
        "/routes/1/match/0/expression",
        "/routes/2/handle/0/path_regexp/0",
    ];
    assert_eq!(paths, expected, "{found:#?}");
}

/// What only the run knows hides nothing else of the same part.
#[test]
fn variables_of_the_environment_hide_nothing() {
    for (handler, below) in [
        (
            json!({"handler": "authentication", "providers": {"http_basic": {"accounts": [
                {"username": "{env.A}", "password": "{env.B}"}, {"username": "b", "password": "no hash"},
            ]}}}),
            "/providers/http_basic/accounts/1",
        ),
        (
            json!({
                "handler": "headers", "request": {"set": {"X": ["{env.A}"]}},
                "response": {"replace": {"X": [{"search_regexp": "("}]}},
            }),
            "/response/replace",
        ),
        (
            json!({"handler": "reverse_proxy", "upstreams": [{"dial": "{env.A}:{env.B}"}, {"dial": "a:b:c"}]}),
            "/upstreams/1/dial",
        ),
        (
            json!({"handler": "static_response", "status_code": "{env.A}", "headers": {"no name": []}}),
            "/headers",
        ),
    ] {
        let found = survey(&parsed(&only(HANDLER, handler.clone())));
        let is_it = found.len() == 1 && found[0].path.starts_with(&(HANDLER.to_owned() + below));
        assert!(is_it, "{handler}: {found:#?}");
    }
    let ranges = survey(&parsed(&only(MATCHER, json!({"remote_ip": {"ranges": ["{env.A}", "nowhere"]}}))));
    assert_eq!(ranges.len(), 1, "{ranges:#?}");
    let listen = json!({"listen": [":{env.A}", "{env.B}"], "routes": [{"handle": [{"handler": "push"}]}]});
    let listening = survey(&parsed(&only(SERVER, listen)));
    assert_eq!(listening.len(), 1, "{listening:#?}");
}

#[test]
fn a_placeholder_that_is_refused_hides_no_other() {
    let (body, shutting_down) = ("{http.request.body}", "{http.shutting_down}");
    let respond = json!({"handler": "static_response", "headers": {"X": [body]}, "body": shutting_down});
    let vars = json!({"handler": "vars", "a": body, "b": {}});
    let messages = |handler: serde_json::Value| -> Vec<String> {
        let found = survey(&parsed(&only(HANDLER, handler)));
        found
            .into_iter()
            .map(|refusal| format!("{} {}", &refusal.path[HANDLER.len()..], refusal.message))
            .collect()
    };
    let rest = "is not supported by this server yet; remove it to run this configuration";
    let of_respond =
        [format!("/headers placeholder {body} {rest}"), format!(" placeholder {shutting_down} {rest}")];
    assert_eq!(messages(respond), of_respond);
    let of_vars =
        [format!("/a placeholder {body} {rest}"), format!("/b a variable that is an object {rest}")];
    assert_eq!(messages(vars), of_vars);
}

/// A run refuses what a check of the configuration alone calls an error.
#[test]
fn what_contradicts_itself_is_not_built() {
    let folder = testing::folder(&[]);
    let socket = format!("unix/{}/socket", folder.path());
    let admin =
        json!({"admin": {"listen": socket}, "apps": {"http": {"servers": {"s": {"listen": [socket]}}}}});
    let twice = only(SERVER, json!({"listen": ["127.0.0.1:0", "127.0.0.1:0"]}));
    for (config, path) in [(admin, "/admin/listen"), (twice, "/apps/http/servers/s/listen/1")] {
        let config = parsed(&config);
        let error = Instance::build(&config, None, &testing::process()).unwrap_err();
        let check = caddis_config::check(&config).remove(0);
        assert_eq!((error.path.as_str(), error.message), (path, check.message));
    }
}

#[test]
fn files_are_read_when_it_is_asked_for() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files =
        [("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem()), ("text.pem", "no key".into())];
    let folder = testing::folder(&files.each_ref().map(|(name, content)| (*name, content.as_str())));
    let path = |name: &str| format!("{}/{name}", folder.path());
    let pair = |certificate: &str, key: &str| json!({"certificate": path(certificate), "key": path(key)});
    let client = json!({"client_authentication": {
        "ca": {"provider": "file", "pem_files": [path("gone.pem")]}, "mode": "require_and_verify",
    }});
    let proxy = json!({"handler": "reverse_proxy", "transport": {"protocol": "http", "tls": {
        "ca": {"provider": "file", "pem_files": [path("{env.POOL}")]},
    }}});
    let mut config = only(
        "/apps/tls/certificates/load_files",
        json!([
            pair("cert.pem", "key.pem"),
            pair("cert.pem", "gone.pem"),
            pair("cert.pem", "text.pem"),
            pair("text.pem", "key.pem"),
        ]),
    );
    merge(&mut config, only(CONNECTION, client));
    merge(&mut config, only(HANDLER, proxy));
    let config = parsed(&config);
    assert_eq!(survey(&config), []);
    let found = provision(&config, BTreeMap::from([("POOL".to_owned(), "gone.pem".to_owned())]));
    let paths: Vec<_> = found.iter().map(|error| error.path.as_str()).collect();
    let files = "/apps/tls/certificates/load_files";
    let expected = [
        &format!("{files}/1"),
        &format!("{files}/2"),
        &format!("{files}/3"),
        &format!("{TRANSPORT}/tls/ca"),
        &format!("{CONNECTION}/client_authentication/ca"),
    ];
    assert_eq!(paths, expected, "{found:#?}");
    assert!(
        found.iter().all(|error| !error.unsupported && error.message.contains(folder.path())),
        "{found:#?}"
    );
}

/// Root and intermediate are read, and where logs and the storage are could be written; nothing is made.
#[test]
fn authorities_logs_and_storage_are_looked_at() {
    let folder = testing::folder(&[("text.pem", "no key")]);
    let path = |name: &str| format!("{}/{name}", folder.path());
    let pair = json!({"certificate": path("gone.crt"), "private_key": path("gone.key")});
    let text = json!({"certificate": path("text.pem"), "private_key": path("text.pem")});
    let file = |name: &str| json!({"writer": {"output": "file", "filename": path(name)}});
    let config = |below: &str| {
        json!({
            "storage": {"module": "file_system", "root": path(&format!("{below}/storage"))},
            "logging": {"logs": {"a": file(&format!("{below}/a.log")), "b": file("")}},
            "apps": {"pki": {"certificate_authorities": {
                "c": {"root": pair, "intermediate": text}, "d": {"root": {"certificate": "c", "private_key": "k", "format": "x"}},
            }}},
        })
    };
    let paths = |config: &Value| -> Vec<String> {
        let found = provision(&parsed(config), BTreeMap::new());
        assert!(
            found.iter().all(|error| error.message.contains(folder.path()) || error.path.ends_with("/d")),
            "{found:#?}"
        );
        found.into_iter().map(|error| error.path).collect()
    };
    let authority = |id: &str| format!("/apps/pki/certificate_authorities/{id}");
    let log = |name: &str| format!("/logging/logs/{name}/writer");
    let always = [log("b"), authority("c"), authority("c"), authority("d")];
    assert_eq!(paths(&config("new/folder")), always);
    let nowhere = [log("a"), log("b"), "/storage".to_owned(), authority("c"), authority("c"), authority("d")];
    assert_eq!(paths(&config("text.pem")), nowhere);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let plain = survey(&parsed(&config("text.pem")));
    assert_eq!(plain.into_iter().map(|error| error.path).collect::<Vec<_>>(), [authority("d")]);
}
