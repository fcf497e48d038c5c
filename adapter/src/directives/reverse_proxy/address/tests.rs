//! What people write, and what is dialled.

use super::UpstreamAddress;

fn dial(text: &str) -> Result<(String, String), String> {
    let address = UpstreamAddress::parse(text)?;
    Ok((address.scheme.clone(), address.to_dial()))
}

#[test]
fn an_address_without_a_scheme() {
    for (text, expected) in [
        ("app", "app:80"),
        ("app:9000", "app:9000"),
        ("10.0.0.7", "10.0.0.7:80"),
        ("10.0.0.7:9000", "10.0.0.7:9000"),
        ("[::1]", "[::1]:80"),
        ("::1", "[::1]:80"),
        ("[::1]:9000", "[::1]:9000"),
        ("{env.APP}", "{env.APP}"),
        ("{env.APP}:80", "{env.APP}:80"),
        ("{env.APP}:{env.PORT}", "{env.APP}:{env.PORT}"),
        ("app:8001-8009", "app:8001-8009"),
        ("{env.APP}:8001-8009", "{env.APP}:8001-8009"),
        ("unix//run/app.sock", "unix//run/app.sock"),
        ("unix/{env.SOCKET}", "unix/{env.SOCKET}"),
        ("unix//run/{env.APP}/sock", "unix//run/{env.APP}/sock"),
        (r"unix/c:\run\app", r"unix/c:\run\app"),
        ("unix/c:/run/app", "unix/c:/run/app"),
        ("fd/3", "fd/3"),
        ("udp/app:53", "udp/app:53"),
    ] {
        assert_eq!(dial(text), Ok((String::new(), expected.to_owned())), "{text}");
    }
}

#[test]
fn a_scheme_brings_a_port() {
    for (scheme, port) in [("http", "80"), ("https", "443"), ("h2c", "80"), ("HTTP", "80")] {
        for (host, written) in
            [("app", "app"), ("10.0.0.7", "10.0.0.7"), ("[::1]", "[::1]"), ("me@app", "app")]
        {
            let expected = |port: &str| Ok((scheme.to_ascii_lowercase(), format!("{written}:{port}")));
            assert_eq!(dial(&format!("{scheme}://{host}")), expected(port));
            assert_eq!(dial(&format!("{scheme}://{host}:9000")), expected("9000"));
            assert_eq!(dial(&format!("{scheme}://{host}:9000-9003")), expected("9000-9003"));
        }
    }
}

#[test]
fn h2c_over_unix_sockets() {
    for (text, expected) in [
        ("unix+h2c//run/grpc.sock", "unix//run/grpc.sock"),
        ("unix+h2c/{env.SOCKET}", "unix/{env.SOCKET}"),
        (r"unix+h2c/c:\run\app", r"unix/c:\run\app"),
    ] {
        assert_eq!(dial(text), Ok(("h2c".to_owned(), expected.to_owned())), "{text}");
    }
}

#[test]
fn what_is_no_upstream() {
    let more = "for now, URLs for proxy upstreams only support scheme, host, and port components";
    for (text, expected) in [
        (
            "http://{env.APP}",
            "due to parsing difficulties, placeholders are not allowed when an upstream address contains a scheme",
        ),
        ("http:// :80", r#"parsing upstream URL: parse "http:// :80": invalid character " " in host name"#),
        ("http://app:web", r#"parsing upstream URL: parse "http://app:web": invalid port ":web" after host"#),
        ("http://::1", r#"parsing upstream URL: parse "http://::1": invalid port "::1" after host"#),
        ("http://[::1", r#"parsing upstream URL: parse "http://[::1": missing ']' in host"#),
        ("http://app:1-2-3", r#"parsing upstream URL: parse "http://app:1-2-3": port range invalid: 1-2-3"#),
        ("http://app/path", more),
        ("http://app/", more),
        ("http://app?key=value", more),
        ("http://app#part", more),
        (
            "http://app:443",
            "upstream address has conflicting scheme (http://) and port (:443, the HTTPS port)",
        ),
        ("h2c://app:443", "upstream address has conflicting scheme (h2c://) and port (:443, the HTTPS port)"),
        (
            "https://app:80",
            "upstream address has conflicting scheme (https://) and port (:80, the HTTP port)",
        ),
    ] {
        assert_eq!(dial(text), Err(expected.to_owned()), "{text}");
    }
    for text in ["http://app:1-2/a:b", "http://app:1-2/a:1", "http://app:1-2/a:1-2", "http://app:1-2#a:1"] {
        assert!(dial(text).is_err(), "{text}");
    }
}

#[test]
fn a_range_is_an_upstream_for_each_port() {
    let dials = |text| UpstreamAddress::parse(text).unwrap().dial();
    assert_eq!(dials("app:8001-8003"), Ok(["app:8001", "app:8002", "app:8003"].map(str::to_owned).to_vec()));
    assert_eq!(dials("{env.A}:{env.P}"), Ok(vec!["{env.A}:{env.P}".to_owned()]));
    assert_eq!(dials("app:3-1"), Err("end port must not be less than start port".to_owned()));
    assert_eq!(
        dials("app:web"),
        Err(r#"invalid start port: strconv.ParseUint: parsing "web": invalid syntax"#.to_owned())
    );
}
