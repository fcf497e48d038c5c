use serde_json::{Value, json};

use super::check;
use crate::{Config, from_value};

fn errors(config: Value) -> Vec<(String, String)> {
    let config: Config = from_value(config).unwrap();
    check(&config).into_iter().map(|error| (error.path, error.message)).collect()
}

/// Checks one server, and expects these errors at paths relative to it.
fn server(server: Value, expected: &[(&str, &str)]) {
    let found = errors(json!({"apps": {"http": {"servers": {"s": server}}}}));
    let expected =
        expected.iter().map(|(path, message)| (format!("/apps/http/servers/s{path}"), (*message).to_owned()));
    assert_eq!(found, expected.collect::<Vec<_>>());
}

/// Checks one handler, and expects these errors at paths relative to it.
fn handler(handler: Value, expected: &[(&str, &str)]) {
    let paths: Vec<String> = expected.iter().map(|(path, _)| format!("/routes/0/handle/0{path}")).collect();
    let expected: Vec<_> =
        paths.iter().map(String::as_str).zip(expected.iter().map(|(_, message)| *message)).collect();
    server(json!({"routes": [{"handle": [handler]}]}), &expected);
}

#[test]
fn listeners_belong_to_one_server() {
    let servers =
        json!({"a": {"listen": [":80", ":8000-8002", "x:y"]}, "b": {"listen": ["tcp/:8001", "udp/:80"]}});
    let expected = [
        (
            "/apps/http/servers/a/listen/2",
            "invalid listener address 'x:y': invalid start port: strconv.ParseUint: parsing \"y\": invalid syntax",
        ),
        (
            "/apps/http/servers/b/listen/0",
            "server b: listener address repeated: tcp/:8001 (already claimed by server 'a')",
        ),
    ];
    let expected = expected.map(|(path, message)| (path.to_owned(), message.to_owned()));
    assert_eq!(errors(json!({"apps": {"http": {"servers": servers}}})), expected);
}

#[test]
fn servers() {
    server(
        json!({
            "listen": [":80"],
            "listener_wrappers": [{"wrapper": "tls"}, {"wrapper": "tls"}, {"wrapper": "tls"}],
            "expected_underscore_headers": ["a_*", "a", "a*_b", "é_"],
            "expected_dot_headers": ["a.b", "a_b"],
            "trusted_proxies": {"source": "static", "ranges": ["10.0.0.0/8", "10.0.0.0/33", "x"]},
            "logs": {"logger_names": {"a:80": ["x"], "b": "y"}},
            "listen_protocols": [["h1"], null],
        }),
        &[
            (
                "/listener_wrappers/0",
                "it is unnecessary to specify the TLS listener wrapper in the first position because that is the default",
            ),
            ("/listener_wrappers/2", "TLS listener wrapper can only be specified once"),
            (
                "/expected_underscore_headers/1",
                r#"expected_underscore_headers: entry "a" does not contain a '_'"#,
            ),
            (
                "/expected_underscore_headers/2",
                "expected_underscore_headers: entry \"a*_b\" has '*' in an invalid position (only a trailing '*' is allowed)",
            ),
            (
                "/expected_underscore_headers/3",
                r#"expected_underscore_headers: entry "é_" contains non-ASCII characters"#,
            ),
            ("/expected_dot_headers/1", r#"expected_dot_headers: entry "a_b" does not contain a '.'"#),
            ("/trusted_proxies/ranges/1", "parsing CIDR expression '10.0.0.0/33': bad number of bits"),
            ("/trusted_proxies/ranges/2", "invalid IP address: 'x'"),
            ("/logs/logger_names/a:80", "server s: logger name must not have a port: a:80"),
            ("/listen_protocols", "server s: listener protocols count does not match address count: 2 != 1"),
        ],
    );
}

#[test]
fn matchers() {
    server(
        json!({"routes": [{"match": [{
            "host": ["a", "b", "A"],
            "file": {"try_policy": "best"},
            "not": [{"remote_ip": {"ranges": ["fe80::%eth0", "fe80::/64", "{env.X}", "1.2.3"]}}],
            "path_regexp": {"name": "-", "pattern": "x"},
        }]}]}),
        &[
            ("/routes/0/match/0/file/try_policy", "unknown try policy best"),
            ("/routes/0/match/0/host/2", "host at index 0 is repeated at index 2: A"),
            ("/routes/0/match/0/not/0/remote_ip/ranges/3", "invalid IP address: '1.2.3'"),
            (
                "/routes/0/match/0/path_regexp/name",
                "invalid regexp name (must contain only word characters): -",
            ),
        ],
    );
}

#[test]
fn routes_within_handlers() {
    let bad = json!([{"handle": [{"handler": "invoke", "name": "x"}]}]);
    let message = "invoke: route 'x' not found";
    handler(
        json!({"handler": "subroute", "routes": bad, "errors": {"routes": bad}}),
        &[("/routes/0/handle/0/name", message), ("/errors/routes/0/handle/0/name", message)],
    );
    for name in ["intercept", "reverse_proxy"] {
        handler(
            json!({"handler": name, "handle_response": [{"routes": bad}]}),
            &[("/handle_response/0/routes/0/handle/0/name", message)],
        );
    }
    server(json!({"named_routes": {"x": {}}, "errors": {"routes": bad}}), &[]);
}

#[test]
fn simple_handlers() {
    handler(
        json!({"handler": "copy_response_headers", "include": ["a"], "exclude": ["b"]}),
        &[("", "cannot define both 'exclude' and 'include' lists at the same time")],
    );
    handler(
        json!({"handler": "templates", "delimiters": ["a"]}),
        &[("/delimiters", "delimiters must consist of exactly two elements: opening and closing")],
    );
    handler(
        json!({"handler": "acme_server", "ca": "x"}),
        &[("/ca", "no certificate authority configured with id: x")],
    );
    handler(
        json!({"handler": "rewrite", "path_regexp": [{"find": ""}]}),
        &[("/path_regexp/0", "path_regexp find cannot be empty")],
    );
    handler(
        json!({"handler": "file_server", "browse": {"sort": ["name", "up"]}}),
        &[("/browse/sort", "the second option must be one of the following: asc, desc, but got up")],
    );
    handler(
        json!({"handler": "headers", "response": {"replace": {"A": [{"search": "a", "search_regexp": "b"}]}}}),
        &[(
            "/response/replace/A",
            "cannot specify both a substring search and a regular expression search for field 'A'",
        )],
    );
    handler(
        json!({"handler": "encode", "encodings": {"gzip": {"level": 10}}, "prefer": ["gzip", "zstd", "gzip"]}),
        &[
            ("/encodings/gzip/level", "quality too high; must be <= 9"),
            ("/prefer/1", "encoding zstd not enabled"),
            ("/prefer/2", "encoding gzip is duplicated in prefer"),
        ],
    );
    let accounts = json!([{"username": "a", "password": "x"}, {"username": "a", "password": ""}]);
    handler(
        json!({"handler": "authentication", "providers": {"http_basic": {"accounts": accounts}}}),
        &[
            ("/providers/http_basic/accounts/1", "account 1: username is not unique: a"),
            ("/providers/http_basic/accounts/1", "account 1: username and password are required"),
        ],
    );
    handler(
        json!({
            "handler": "map", "destinations": ["{a}", "b"], "defaults": ["x"],
            "mappings": [{"input": "a", "outputs": [1, 2]}, {"input": "a", "outputs": [null]}],
        }),
        &[
            ("/destinations/1", "destination must be a placeholder and only a placeholder"),
            ("/mappings/1", "mapping 1 has a duplicate input 'a' previously used with mapping 0"),
            ("/mappings/1", "mapping 1 has 1 outputs but there are 2 destinations defined"),
            ("/defaults", "2 destinations != 1 defaults"),
        ],
    );
}

#[test]
fn reverse_proxies() {
    handler(
        json!({
            "handler": "reverse_proxy",
            "transport": {
                "protocol": "http",
                "versions": ["1.1", "3", "4"],
                "tls": {
                    "ca": {"provider": "combined", "sources": [{"provider": "pki_root", "authority": ["x"]}]},
                    "client_certificate_file": "a",
                    "renegotiation": "maybe",
                },
            },
            "load_balancing": {"selection_policy": {
                "policy": "cookie",
                "fallback": {"policy": "header", "fallback": {"policy": "random_choose", "choose": 1}},
            }},
            "stream_logs": {"level": "fatal"},
        }),
        &[
            ("/transport/versions/2", "unsupported HTTP version: 4, supported version: 1.1, 2, h2c, 3"),
            (
                "/transport/versions",
                "if HTTP/3 is enabled to the upstream, no other HTTP versions are supported",
            ),
            ("/transport/tls/ca/sources/0/authority/0", "no certificate authority configured with id: x"),
            ("/transport/tls", "client_certificate_file specified without client_certificate_key_file"),
            ("/transport/tls/renegotiation", "invalid TLS renegotiation level: maybe"),
            ("/load_balancing/selection_policy/fallback", "header field is required"),
            ("/load_balancing/selection_policy/fallback/fallback", "choose must be at least 2"),
            ("/stream_logs/level", r#"invalid stream_logs.level "fatal": unrecognized level: "fatal""#),
        ],
    );
    handler(
        json!({"handler": "reverse_proxy", "load_balancing": {
            "selection_policy": {"policy": "weighted_round_robin", "weights": [3, -1]},
        }}),
        &[("/load_balancing/selection_policy", "weight of an upstream cannot be negative")],
    );
}

#[test]
fn logs() {
    let log = json!({
        "level": "LOUD",
        "include": ["a.b", "c", "d"],
        "exclude": ["a", "d"],
        "encoder": {"format": "append", "wrap": {"format": "filter", "fields": {
            "x": {"filter": "query", "actions": [{"type": "hash", "parameter": "p"}, {"type": "eat", "parameter": "p"}]},
            "y": {"filter": "multi_regexp", "operations": []},
        }}},
    });
    let expected = [
        ("/encoder/wrap/fields/x/actions/1", "invalid action type"),
        ("/encoder/wrap/fields/y", "multi_regexp filter requires at least one operation"),
        ("/level", "unrecognized log level: loud"),
        (
            "/include/1",
            "when both include and exclude are populated, each element must be a superspace or subspace of one in the \
             other list; check 'c' in include",
        ),
        ("/include/2", "include and exclude must not intersect, but found d in both lists"),
    ];
    let expected = expected.map(|(path, message)| (format!("/logging/logs/l{path}"), message.to_owned()));
    assert_eq!(errors(json!({"logging": {"logs": {"l": log}}})), expected);
}

#[test]
fn certificates() {
    let automation = json!({
        "policies": [
            {"subjects": ["a"], "issuers": [{"module": "internal", "ca": "mine"}, {"module": "internal", "ca": "his"}]},
            {},
            {"subjects": ["b", "a"], "key_type": "p512"},
            {},
        ],
        "on_demand": {"ask": "http://a", "permission": {"module": "http", "endpoint": "http://a"}},
    });
    let config = json!({"apps": {
        "pki": {"certificate_authorities": {"mine": {}}},
        "tls": {"automation": automation, "cache": {"capacity": -1}},
    }});
    let expected = [
        (
            "/automation/policies/2/subjects/1",
            "automation policy 2: cannot apply more than one automation policy to host: a (first match in policy 0)",
        ),
        (
            "/automation/policies/3",
            "automation policy 3 is the second policy that acts as default/catch-all, but will never be used",
        ),
        ("/automation/policies/0/issuers/1/ca", "no certificate authority configured with id: his"),
        ("/automation/policies/2/key_type", "unrecognized key type: p512"),
        (
            "/automation/on_demand",
            "on-demand TLS config conflict: both 'ask' endpoint and a 'permission' module are specified; 'ask' is \
             deprecated, so use only the permission module",
        ),
        ("/cache/capacity", "cache capacity must be >= 0"),
    ];
    let expected = expected.map(|(path, message)| (format!("/apps/tls{path}"), message.to_owned()));
    assert_eq!(errors(config), expected);
}

#[test]
fn connection_policies() {
    server(
        json!({"tls_connection_policies": [{
            "match": {"remote_ip": {"not_ranges": ["::/129"]}},
            "protocol_min": "tls1.3",
            "protocol_max": "tls1.2",
            "client_authentication": {
                "ca": {"provider": "pki_intermediate", "authority": ["local", "x"]},
                "trusted_ca_certs": ["y"],
                "mode": "perhaps",
            },
        }]}),
        &[
            (
                "/tls_connection_policies/0/match/remote_ip/not_ranges/0",
                "parsing CIDR expression '::/129': bad number of bits",
            ),
            (
                "/tls_connection_policies/0",
                "protocol min (tls1.3) cannot be greater than protocol max (tls1.2)",
            ),
            (
                "/tls_connection_policies/0/client_authentication/ca/authority/1",
                "no certificate authority configured with id: x",
            ),
            (
                "/tls_connection_policies/0/client_authentication",
                "conflicting config for client authentication trust CA",
            ),
            (
                "/tls_connection_policies/0/client_authentication/mode",
                "client auth mode not recognized: perhaps",
            ),
        ],
    );
}

fn warned(config: Value) -> Vec<String> {
    let config: Config = from_value(config).unwrap();
    assert_eq!(check(&config), []);
    super::warnings(&config).into_iter().map(|warning| warning.path).collect()
}

#[test]
fn settings_that_defeat_each_other() {
    let proxy = |fields: Value| {
        let mut proxy = json!({"handler": "reverse_proxy"});
        proxy.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let found = warned(json!({"apps": {"http": {"servers": {"s": {"routes": [{"handle": [proxy]}]}}}}}));
        found.iter().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let http = |fields: Value| {
        let mut transport = json!({"protocol": "http"});
        transport.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        proxy(json!({"transport": transport}))
    };
    assert_eq!(http(json!({"versions": ["3"]})), ["versions"]);
    assert_eq!(http(json!({"versions": ["3"], "tls": {}})), [""; 0]);
    assert_eq!(http(json!({"versions": ["h2c", "2"], "tls": {}})), ["versions"]);
    assert_eq!(http(json!({"versions": ["h2c"]})), [""; 0]);
    let pool = json!({"insecure_skip_verify": true, "root_ca_pem_files": ["a.pem"]});
    assert_eq!(http(json!({"tls": pool})), ["insecure_skip_verify"]);
    assert_eq!(http(json!({"tls": {"insecure_skip_verify": true}})), [""; 0]);
    assert_eq!(proxy(json!({"flush_interval": -1, "response_buffers": 4096})), ["response_buffers"]);
    assert_eq!(proxy(json!({"response_buffers": -1})), [""; 0]);
    assert_eq!(proxy(json!({"request_buffers": -1, "stream_timeout": "1h"})), ["request_buffers"]);
    assert_eq!(proxy(json!({"request_buffers": 4096, "stream_timeout": "1h"})), [""; 0]);
    let server = |server: Value| warned(json!({"apps": {"http": {"servers": {"s": server}}}}));
    let path = "/apps/http/servers/s/enable_webtransport";
    assert_eq!(server(json!({"enable_webtransport": true, "protocols": ["h1", "h2"]})), [path]);
    assert_eq!(server(json!({"enable_webtransport": true})), [path], "nobody takes sessions");
    let to = |versions: Value| {
        let proxy = json!({"handler": "reverse_proxy", "transport": {"protocol": "http", "versions": versions, "tls": {}}});
        json!([{"handle": [{"handler": "subroute", "routes": [{"handle": [proxy]}]}]}])
    };
    assert_eq!(server(json!({"enable_webtransport": true, "routes": to(json!(["3"]))})), [""; 0]);
    assert_eq!(server(json!({"enable_webtransport": true, "routes": to(json!(["2"]))})), [path]);
}

#[test]
fn logs_that_stay_empty() {
    let config = |include: &str, routes: Value| {
        json!({
            "logging": {"logs": {"a": {"include": [include]}}},
            "apps": {"http": {"servers": {"s": {
                "logs": {"default_logger_name": "all", "logger_names": {"a.test": ["a"]}}, "routes": routes,
            }}}},
        })
    };
    for known in ["http.log.access.a", "http.log.access.all", "http.log.access", "http"] {
        assert_eq!(warned(config(known, json!([]))), [""; 0], "{known}");
    }
    assert_eq!(warned(config("http.log.access.b", json!([]))), ["/logging/logs/a/include/0"]);
    let chosen = json!([{"handle": [{"handler": "vars", "access_logger_names": ["b"]}]}]);
    assert_eq!(warned(config("http.log.access.b", chosen)), [""; 0]);
    let unknown = json!([{"handle": [{"handler": "vars", "access_logger_names": "{http.vars.x}"}]}]);
    assert_eq!(warned(config("http.log.access.b", unknown)), [""; 0]);
}

#[test]
fn loggers_that_no_log_takes() {
    let found = |names: Value, logs: Value| {
        let routes = json!([{"handle": [{"handler": "vars", "access_logger_names": names}]}]);
        let logs_of_server = json!({"logger_names": {"a.test": ["a"]}});
        warned(json!({
            "logging": {"logs": logs},
            "apps": {"http": {"servers": {"s": {"logs": logs_of_server, "routes": routes}}}},
        }))
    };
    let place = "/apps/http/servers/s/routes/0/handle/0/access_logger_names";
    let log = json!({"b": {"include": ["http.log.access.b"]}});
    assert_eq!(found(json!(["a", "b"]), log.clone()), [""; 0]);
    assert_eq!(found(json!(["b", "c"]), log), [place]);
    assert_eq!(found(json!("c"), json!(null)), [place]);
    assert_eq!(found(json!("c"), json!({"all": {"include": ["http.log.access"]}})), [""; 0]);
    assert_eq!(found(json!(["{http.vars.x}"]), json!({})), [""; 0]);
}

#[test]
fn the_admin_endpoint_has_an_address_of_its_own() {
    let config =
        |admin: Value| json!({"admin": admin, "apps": {"http": {"servers": {"s": {"listen": ["h:80-82"]}}}}});
    let message = "the address of the admin endpoint is that of server s, too".to_owned();
    assert_eq!(errors(config(json!({"listen": "h:81"}))), [("/admin/listen".to_owned(), message)]);
    assert_eq!(errors(config(json!({"listen": "h:83"}))), []);
    assert_eq!(errors(config(json!({"listen": "h:81", "disabled": true}))), []);
    let config = |admin: &str, listen: &str| {
        errors(
            json!({"admin": {"listen": admin}, "apps": {"http": {"servers": {"s": {"listen": [listen]}}}}}),
        )
        .len()
    };
    assert_eq!(config("localhost:2019", "127.0.0.1:2019"), 1);
    assert_eq!(config("127.0.0.1:0", "127.0.0.1:0"), 0);
    assert_eq!(config("unix//run/a", "unix//run/a"), 1);
}

#[test]
fn sockets_by_two_names() {
    let warned = |servers: Value| {
        let config: Config = from_value(json!({"apps": {"http": {"servers": servers}}})).unwrap();
        assert_eq!(super::check(&config), []);
        let warnings = super::warnings(&config).into_iter();
        warnings
            .map(|warning| format!("{} {}", &warning.path["/apps/http/servers".len()..], warning.message))
            .collect()
    };
    let one = |listen: Value| -> Vec<String> { warned(json!({"a": {"listen": listen}})) };
    let two =
        |a: &str, b: &str| -> Vec<String> { warned(json!({"a": {"listen": [a]}, "b": {"listen": [b]}})) };
    for (first, second) in [
        (":80", "0.0.0.0:80"),
        ("[::]:80", ":80"),
        ("127.0.0.1:80", "tcp4/127.0.0.1:80"),
        ("localhost:80", "127.0.0.1:80"),
        ("[::1]:80", "[0:0:0:0:0:0:0:1]:80"),
        (":80-90", "0.0.0.0:85"),
    ] {
        let needless = format!("/a/listen/1 this is the same socket as '{first}', and not needed beside it");
        assert_eq!(one(json!([first, second])), [needless]);
        let shared = format!(
            "/b/listen/0 this is the same socket as '{first}' of server a: which of the two servers gets a connection is up \
             to the operating system"
        );
        assert_eq!(two(first, second), [shared]);
    }
    let covered = "/a/listen/0 this is not needed: the server listens on port 80 of every interface";
    assert_eq!(one(json!(["127.0.0.1:80", ":80"])), [covered]);
    for (a, b) in [
        ("127.0.0.1:80", ":80"),
        (":80", ":81"),
        ("tcp4/:80", "tcp6/:80"),
        ("h:80", "127.0.0.1:80"),
        ("udp/:80", ":80"),
        ("127.0.0.1:0", "localhost:0"),
        (":{env.PORT}", ":80"),
    ] {
        assert_eq!(two(a, b), [""; 0], "{a} {b}");
    }
}

#[test]
fn bodies_behind_templates() {
    let respond = |body: &str| json!({"handle": [{"handler": "static_response", "body": body}]});
    let templates = json!({"handle": [{"handler": "templates"}]});
    let found = |body: &str| {
        let routes = json!([templates, {"handle": [{"handler": "subroute", "routes": [respond(body)]}]}]);
        let config: Config =
            from_value(json!({"apps": {"http": {"servers": {"s": {"routes": routes}}}}})).unwrap();
        super::warnings(&config).pop().map(|warning| warning.message).unwrap_or_default()
    };
    for body in [
        "plain {http.request.host}",
        "{{.Host}} {{- /* a }} b */ -}} {{ .RemoteIP | upper -}}",
        "{{if eq .Host \"a }}\"}}a{{else if (and true (not false))}}b{{else}}c{{end}}",
        "{{range $i, $x := list 1 -2 3.5e+1}}{{if $x}}{{break}}{{end}}{{$x}}{{else}}none{{end}}",
        "{{define \"x\"}}{{with $y := .X.Y}}{{$y}}{{end}}{{end}}{{template \"x\" .}}{{block `b` .}}{{end}}",
        "{{ 'a' }}{{(index .A 0).B}}{{$}}{{.A | }}",
        "{{httpInclude (printf \"/%d\" 0x1F)}}{{placeholder `a` | quote}}{{dict.x}}{{if true}}{{nil}}{{end}}",
        "{\"host\": \"{{nothing}}\"}",
    ] {
        assert_eq!(found(body), "", "{body}");
    }
    for (body, reason) in [
        ("{{.Host", "unclosed action"),
        ("a\n{{if .X}}x", "line 2: if has no end"),
        ("{{if}}x{{end}}", "missing value for if"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{if .A}}{{else}}{{else}}{{end}}", "unexpected {{else}}"),
        ("{{define x}}{{end}}", "define takes a name in quotes"),
        ("{{(.A}}", "unclosed left paren"),
        ("{{.A)}}", "unexpected right paren"),
        ("{{\"a}}", "unterminated quoted string"),
        ("{{}}", "missing value for command"),
        ("{{.A # b}}", "unexpected '#'"),
        ("{{/* a }}", "unclosed comment"),
        ("{{break}}", "{{break}} outside {{range}}"),
        ("{{if .A}}{{ Upper .B }}{{end}}", "line 1: function \"Upper\" not defined"),
        ("{{.A | nothing.X}}", "function \"nothing\" not defined"),
        ("{\"host\": {{quot .Host}}}", "function \"quot\" not defined"),
    ] {
        assert!(found(body).contains(reason), "{body}: {}", found(body));
    }
}

#[test]
fn bodies_that_are_no_templates() {
    let respond = json!({"handler": "static_response", "body": "{{"});
    let image =
        json!({"handler": "static_response", "body": "{{", "headers": {"Content-Type": ["image/svg+xml"]}});
    let typed = json!({"handler": "headers", "response": {"set": {"content-type": ["image/svg+xml"]}}});
    let more = json!({"handler": "static_response", "body": "{{of_a_module}}"});
    for routes in [
        json!([{"handle": [respond]}, {"handle": [{"handler": "templates"}]}]),
        json!([{"match": [{"path": ["/x"]}], "handle": [{"handler": "templates"}]}, {"handle": [respond]}]),
        json!([{"handle": [{"handler": "templates", "mime_types": ["text/html"]}, respond]}]),
        json!([{"handle": [{"handler": "templates", "delimiters": ["[[", "]]"]}, respond]}]),
        json!([{"handle": [{"handler": "templates"}, image]}]),
        json!([{"handle": [typed, {"handler": "templates"}]}, {"handle": [respond]}]),
        json!([{"handle": [{"handler": "templates"}, {"handler": "error", "error": "{{", "status_code": 500}]}]),
        json!([{"handle": [{"handler": "templates", "match": {"other": {}}}, more]}]),
    ] {
        let mut options = crate::Options::default();
        options.allow_unknown_modules();
        let config = json!({"apps": {"http": {"servers": {"s": {"routes": routes}}}}}).to_string();
        let config = Config::from_json_with(config.as_bytes(), &options).unwrap();
        assert_eq!(super::warnings(&config), [], "{routes}");
    }
}

/// Templates with conditions are those of the same or fewer requests in later routes.
#[test]
fn templates_for_some_requests() {
    let warns = |matchers: Value, between: Value, later: Value| {
        let routes = json!([
            {"match": matchers, "handle": [{"handler": "templates"}]},
            {"handle": [between]},
            {"match": later, "handle": [{"handler": "static_response", "body": "{{"}]},
        ]);
        !warned(json!({"apps": {"http": {"servers": {"s": {"routes": routes}}}}})).is_empty()
    };
    let (nothing, rewrite) = (json!({"handler": "encode"}), json!({"handler": "rewrite", "uri": "/a/x"}));
    let path = |path: &str| json!([{"path": [path]}]);
    assert!(warns(path("/a"), nothing.clone(), path("/a")));
    assert!(warns(path("/a/*"), nothing.clone(), path("/a/b/*")));
    assert!(warns(json!([{"host": ["a"]}]), nothing.clone(), json!([{"host": ["a"], "path": ["/b"]}])));
    assert!(!warns(path("/a/*"), nothing.clone(), path("/a*")));
    assert!(!warns(path("/a/*"), nothing.clone(), json!([])));
    assert!(!warns(path("/a/*"), nothing, json!([{"path": ["/a/b"]}, {"host": ["a"]}])));
    assert!(!warns(path("/a/*"), rewrite, path("/a/b")));
}

/// Errors are answered outside of the templates of the routes that they left, but inside of those around a subroute.
#[test]
fn templates_of_errors() {
    let (templates, respond) =
        (json!({"handler": "templates"}), json!({"handler": "static_response", "body": "{{"}));
    let server = |server: Value| warned(json!({"apps": {"http": {"servers": {"s": server}}}}));
    let routes = |handlers: Value| json!([{"handle": handlers}]);
    let errors = |handlers: Value| json!({"routes": routes(handlers)});
    let body = "/apps/http/servers/s/errors/routes/0/handle/1/body";
    assert_eq!(server(json!({"errors": errors(json!([templates, respond]))})), [body]);
    assert_eq!(
        server(json!({"routes": routes(json!([templates])), "errors": errors(json!([respond]))})),
        [""; 0]
    );
    let subroute = json!({"handler": "subroute", "errors": errors(json!([respond]))});
    let body = "/apps/http/servers/s/routes/0/handle/1/errors/routes/0/handle/0/body";
    assert_eq!(server(json!({"routes": routes(json!([templates, subroute]))})), [body]);
    let inside = json!({"handler": "subroute", "routes": routes(json!([templates])), "errors": errors(json!([respond]))});
    assert_eq!(server(json!({"routes": routes(json!([inside]))})), [""; 0]);
}
