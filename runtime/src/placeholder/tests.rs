use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, HeaderValue};

use super::*;
use crate::{
    error::{Error, Kind},
    http::exchange::{Connection, TlsInfo},
    testing::{build, exchange},
};

fn known(text: &str, exchange: &Exchange) -> String {
    Template::known(text, &build()).unwrap().render(exchange).into_owned()
}

fn all(text: &str, exchange: &Exchange) -> String {
    Template::all(text, &build()).unwrap().render(exchange).into_owned()
}

#[test]
fn braces() {
    let mut exchange = exchange("/p", &[]);
    exchange.set_placeholder("v", "V");
    for (text, as_known, as_all) in [
        ("", "", ""),
        ("plain", "plain", "plain"),
        (r"back\slash", r"back\slash", r"back\slash"),
        ("{v}", "V", "V"),
        ("a{v}b{v}", "aVbV", "aVbV"),
        ("{nope}", "{nope}", ""),
        ("a{nope}b", "a{nope}b", "ab"),
        (r"\{v\}", "{v}", "{v}"),
        (r"\{v}", "{v}", "{v}"),
        ("{v", "{v", "{v"),
        ("v}", "v}", "v}"),
        ("}{v}", "}V", "}V"),
        (r#"{"a": "{v}"}"#, r#"{"a": "V"}"#, r#""}"#),
        (r"{no\}pe}x", "{no}pe}x", "x"),
        ("{}", "{}", ""),
        ("{{v}}", "{V}", "}"),
    ] {
        assert_eq!(known(text, &exchange), as_known, "{text} with unknown ones kept");
        assert_eq!(all(text, &exchange), as_all, "{text} with unknown ones emptied");
    }
}

#[test]
fn a_text_of_open_braces_is_given_up() {
    assert_eq!(known(&"{".repeat(103), &exchange("/", &[])), "");
    assert_eq!(known(&"{".repeat(50), &exchange("/", &[])), "{".repeat(50));
}

#[test]
fn values_that_must_be_there() {
    let exchange = exchange("/p?a=1", &[]);
    let strict =
        |text: &str| Template::all(text, &build()).unwrap().render_strict(&exchange).map(Cow::into_owned);
    assert_eq!(strict("x{http.request.uri.query.a}"), Ok("x1".into()));
    assert_eq!(strict("{nope}"), Err(MissingValue::Unrecognized("nope".into())));
    let error = strict("{http.vars.gone}").unwrap_err();
    assert_eq!(error.to_string(), "evaluated placeholder {http.vars.gone} is empty");
}

#[test]
fn what_needs_no_request_is_filled_in_at_build() {
    let template = Template::known("{env.CADDIS_TEST_UNSET}-{system.slash}", &build()).unwrap();
    assert_eq!(template.constant(), Some("-/"));
    let path = std::env::var("PATH").unwrap();
    assert_eq!(Template::all("{env.PATH}", &build()).unwrap().constant(), Some(&*path));
}

#[test]
fn a_lone_value_is_borrowed() {
    let exchange = exchange("/p", &[("host", "example.com:8080")]);
    let template = Template::all("{http.request.host}", &build()).unwrap();
    assert!(matches!(template.render(&exchange), Cow::Borrowed("example.com")));
}

#[test]
fn request_values() {
    let mut exchange = exchange(
        "/a/b%20c/d.tar.gz?x=1&y=%20z&x=2",
        &[("host", "Sub.Example.com:8080"), ("x-a", "1"), ("x-a", "2"), ("cookie", "k=v; Q=\"quoted\"")],
    );
    exchange.set_var("root", "/srv");
    exchange.set_var("list", vec!["a".to_owned(), "b".to_owned()]);
    for (name, value) in [
        ("method", "GET"),
        ("scheme", "http"),
        ("proto", "HTTP/1.1"),
        ("hostport", "Sub.Example.com:8080"),
        ("host", "Sub.Example.com"),
        ("port", "8080"),
        ("host.labels.0", "com"),
        ("host.labels.2", "sub"),
        ("host.labels.3", ""),
        ("local", "[2001:db8::1]:443"),
        ("local.host", "2001:db8::1"),
        ("local.port", "443"),
        ("remote", "192.0.2.77:4711"),
        ("remote.host/24", "192.0.2.0/24"),
        ("remote.host/16,64", "192.0.0.0/16"),
        ("remote.port", "4711"),
        ("uri", "/a/b%20c/d.tar.gz?x=1&y=%20z&x=2"),
        ("uri.path", "/a/b c/d.tar.gz"),
        ("uri.path_escaped", "%2Fa%2Fb+c%2Fd.tar.gz"),
        ("uri.path.dir", "/a/b c/"),
        ("uri.path.file", "d.tar.gz"),
        ("uri.path.file.base", "d.tar"),
        ("uri.path.file.ext", ".gz"),
        ("uri.path.1", "b c"),
        ("uri.path.9", ""),
        ("uri.query", "x=1&y=%20z&x=2"),
        ("uri.prefixed_query", "?x=1&y=%20z&x=2"),
        ("uri.query.x", "1,2"),
        ("uri.query.y", " z"),
        ("uri.query.none", ""),
        ("header.X-A", "1,2"),
        ("header.none", ""),
        ("cookie.q", "quoted"),
    ] {
        assert_eq!(known(&format!("{{http.request.{name}}}"), &exchange), value, "{name}");
    }
    assert_eq!(known("{http.vars.root}{http.vars.list}{http.vars.no}", &exchange), "/srv[a b]");
    assert_eq!(known("{http.vars.client_ip}", &exchange), "192.0.2.77");
    assert_eq!(known("{http.request.cookie.none}", &exchange), "");
    assert_eq!(known("{http.request.tls.version}", &exchange), "{http.request.tls.version}");
    assert_eq!(known("{http.request.uuid}", &exchange), known("{http.request.uuid}", &exchange));
}

#[test]
fn the_original_target_survives_a_rewrite() {
    let mut exchange = exchange("/old?a", &[]);
    exchange.remember_original();
    exchange.request.uri = "/new".parse().unwrap();
    let text =
        "{http.request.uri} {http.request.orig_uri} {http.request.orig_uri.path} {http.request.orig_method}";
    assert_eq!(known(text, &exchange), "/new /old?a /old GET");
}

#[test]
fn errors_are_known_while_they_are_handled() {
    let mut exchange = exchange("/", &[]);
    let text = "{http.error.status_code} {http.error.status_text} {http.error.message}";
    assert_eq!(known(text, &exchange), text);
    exchange.error = Some(Error::new(Kind::NoUpstream, "no upstreams available"));
    assert_eq!(known(text, &exchange), "503 Service Unavailable no upstreams available");
}

#[test]
fn tls_values() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters =
        rcgen::CertificateParams::new(["a.test".to_owned(), "192.0.2.1".to_owned()]).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::OrganizationName, "Org, Inc.");
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "me");
    let certificate = parameters.self_signed(&key).unwrap();
    let mut exchange = exchange("/", &[]);
    exchange.connection = Arc::new(Connection::new(
        None,
        None,
        Some(TlsInfo {
            early: false,
            server_name: "a.test".into(),
            version: "tls1.3",
            cipher_suite: "TLS_AES_128_GCM_SHA256",
            alpn: "h2".into(),
            resumed: false,
            peer_certificates: vec![certificate.der().to_vec()],
        }),
    ));
    for (name, value) in [
        ("scheme", "https"),
        ("tls.version", "tls1.3"),
        ("tls.proto", "h2"),
        ("tls.client.subject", r"CN=me,O=Org\, Inc."),
        ("tls.client.san.dns_names.0", "a.test"),
        ("tls.client.san.ips", "[192.0.2.1]"),
        ("tls.client.san.emails.0", ""),
        ("remote.host", "@"),
    ] {
        assert_eq!(known(&format!("{{http.request.{name}}}"), &exchange), value, "{name}");
    }
    let fingerprint = known("{http.request.tls.client.fingerprint}", &exchange);
    assert_eq!(fingerprint.len(), 64);
    assert_eq!(
        known("{http.request.tls.client.certificate_pem}", &exchange),
        certificate.pem().replace("\r\n", "\n")
    );
}

#[test]
fn handlers_offer_values_of_their_own() {
    let exchange = exchange("/", &[]);
    let mut headers = HeaderMap::new();
    headers.insert("etag", HeaderValue::from_static("\"x\""));
    let extra = |name: &str| (name == "http.reverse_proxy.status_code").then(|| "404".to_owned());
    let scope = Scope { exchange: &exchange, response: Some(&headers), extra: Some(&extra) };
    let template = Template::known("{http.reverse_proxy.status_code}{http.response.header.ETag}", &build());
    assert_eq!(template.unwrap().render(scope), "404\"x\"");
}

#[test]
fn bodies_are_refused_by_name() {
    let error = Template::known("{http.request.body}", &build()).unwrap_err();
    assert!(error.message.contains("{http.request.body}"), "{error}");
}
