//! Sites to servers: policies, routes, logs and listeners that follow from several sites together.

use super::assert_part;

#[test]
fn a_wildcard_with_client_authentication_does_not_bind_other_sites() {
    let text = "*.example.com {\n\ttls {\n\t\talpn h2\n\t\tclient_auth {\n\t\t\tmode require\n\t\t}\n\t}\n}\na.example.com {\n\trespond a\n}";
    assert_part(
        text,
        "/apps/http/servers/srv0/tls_connection_policies",
        r#"[{"alpn":["h2"],"match":{"sni":["a.example.com"]}},{"alpn":["h2"],"client_authentication":{"mode":"require"},"match":{"sni":["*.example.com"]}},{}]"#,
    );
}

#[test]
fn neighbouring_policies_with_equal_settings_become_one() {
    let text =
        "a.com {\n\ttls {\n\t\tprotocols tls1.3\n\t}\n}\nb.com {\n\ttls {\n\t\tprotocols tls1.3\n\t}\n}";
    assert_part(
        text,
        "/apps/http/servers/srv0/tls_connection_policies",
        r#"[{"match":{"sni":["a.com","b.com"]},"protocol_min":"tls1.3"},{}]"#,
    );
}

#[test]
fn a_site_can_stand_in_for_clients_without_a_server_name() {
    let text = "{\n\tdefault_sni a.com\n}\na.com, b.com {\n\ttls {\n\t\talpn h2\n\t}\n}";
    assert_part(
        text,
        "/apps/http/servers/srv0/tls_connection_policies",
        r#"[{"alpn":["h2"],"default_sni":"a.com","match":{"sni":["","a.com","b.com"]}},{"default_sni":"a.com"}]"#,
    );
}

#[test]
fn a_port_without_a_host_speaks_tls_only_if_told_to() {
    let text = ":8443 {\n\ttls {\n\t\ton_demand\n\t}\n}\n:8080 {\n\trespond plain\n}";
    assert_part(
        text,
        "/apps/http/servers",
        r#"{"srv0":{"listen":[":8080"],"routes":[{"handle":[{"body":"plain","handler":"static_response"}]}]},"srv1":{"listen":[":8443"],"tls_connection_policies":[{}]}}"#,
    );
}

#[test]
fn plain_hosts_are_left_out_of_automatic_https() {
    let text = "a.com, http://b.com:8443 {\n}\nhttp://c.com {\n}";
    assert_part(
        text,
        "/apps/http/servers",
        r#"{"srv0":{"listen":[":443"],"routes":[{"match":[{"host":["a.com"]}],"terminal":true}]},"srv1":{"listen":[":80"],"routes":[{"match":[{"host":["c.com"]}],"terminal":true}]},"srv2":{"automatic_https":{"skip":["b.com"]},"listen":[":8443"],"routes":[{"match":[{"host":["b.com"]}],"terminal":true}]}}"#,
    );
}

#[test]
fn each_protocol_of_a_listener_is_noted() {
    let text = "example.com {\n\tbind 127.0.0.1 {\n\t\tprotocols h1 h2\n\t}\n\tbind 127.0.0.2\n}";
    assert_part(
        text,
        "/apps/http/servers",
        r#"{"srv0":{"listen":["127.0.0.1:443","127.0.0.2:443"],"listen_protocols":[["h1","h2"],null],"routes":[{"match":[{"host":["example.com"]}],"terminal":true}]},"srv1":{}}"#,
    );
}

#[test]
fn error_routes_for_every_status_go_last() {
    let text = "http://a.com {\n\thandle_errors {\n\t\trespond any\n\t}\n\thandle_errors 404 5xx {\n\t\trespond some\n\t}\n}";
    assert_part(
        text,
        "/apps/http/servers/srv0/errors",
        r#"{"routes":[{"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"subroute","routes":[{"handle":[{"body":"some","handler":"static_response"}]}]}],"match":[{"expression":"{http.error.status_code} >= 500 && {http.error.status_code} <= 599 || {http.error.status_code} in [404]"}]},{"handle":[{"handler":"subroute","routes":[{"handle":[{"body":"any","handler":"static_response"}]}]}]}]}],"match":[{"host":["a.com"]}],"terminal":true}]}"#,
    );
}

#[test]
fn loggers_by_host() {
    let text = "a.com, b.com:8443 {\n\tlog\n}\n*.a.com {\n\tlog {\n\t\thostnames x.a.com\n\t\toutput discard\n\t}\n}\nc.com {\n}";
    assert_part(
        text,
        "/apps/http/servers/srv0/logs",
        r#"{"logger_names":{"a.com":[""],"x.a.com":["log0"]},"skip_hosts":["c.com"]}"#,
    );
}

#[test]
fn a_lone_site_is_wrapped_only_for_its_host_matchers() {
    let text = ":80 {\n\t@a host a.com\n\trespond @a a\n}";
    assert_part(
        text,
        "/apps/http/servers/srv0/routes",
        r#"[{"handle":[{"handler":"subroute","routes":[{"handle":[{"body":"a","handler":"static_response"}],"match":[{"host":["a.com"]}]}]}],"terminal":true}]"#,
    );
}

#[test]
fn an_authority_without_a_name_is_the_default_one() {
    assert_part("{\n\tpki {\n\t\tca \"\"\n\t}\n}\n", "/apps/pki/certificate_authorities", r#"{"local":{}}"#);
}
