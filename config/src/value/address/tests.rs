use super::{AddressParts, NetworkAddress, join};

fn address(network: &str, host: &str, start_port: u16, end_port: u16) -> NetworkAddress {
    NetworkAddress { network: network.to_owned(), host: host.to_owned(), start_port, end_port }
}

#[test]
fn parsing_and_printing() {
    for (text, expected, printed) in [
        ("", address("tcp", "", 0, 0), ":0"),
        (":80", address("tcp", "", 80, 80), ":80"),
        ("localhost", address("tcp", "localhost", 0, 0), "localhost:0"),
        ("[::1]:443", address("tcp", "::1", 443, 443), "[::1]:443"),
        ("::1", address("tcp", "::1", 0, 0), "[::1]:0"),
        ("UDP/127.0.0.1:1-3", address("udp", "127.0.0.1", 1, 3), "udp/127.0.0.1:1-3"),
        ("unix//run/a.sock|0222", address("unix", "/run/a.sock|0222", 0, 0), "unix//run/a.sock|0222"),
        ("fd/3", address("fd", "3", 0, 0), "fd/3"),
    ] {
        let parsed = NetworkAddress::parse(text).unwrap();
        assert_eq!(parsed, expected, "{text}");
        assert_eq!(parsed.to_string(), printed);
    }
}

#[test]
fn errors_are_caddys() {
    for (text, expected) in [
        (":x", r#"invalid start port: strconv.ParseUint: parsing "x": invalid syntax"#),
        (":1-x", r#"invalid end port: strconv.ParseUint: parsing "x": invalid syntax"#),
        (":65536", r#"invalid start port: strconv.ParseUint: parsing "65536": value out of range"#),
        (":2-1", "end port must not be less than start port"),
        ("a[:1", "address a[:1: unexpected '[' in address\naddress [a[:1]:0: unexpected '[' in address"),
        (
            "unix/a|9",
            "could not parse octal permission bits in a|9: strconv.ParseUint: parsing \"9\": invalid syntax",
        ),
        (
            "unix/a|0577",
            "owner of the socket requires '-w-' (write, octal: '2') permissions at least; got 'r-x' in a|0577",
        ),
    ] {
        assert_eq!(NetworkAddress::parse(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn parts_are_not_checked() {
    let parts = AddressParts::split("tcp/{env.HOST}:{env.PORT}").unwrap();
    assert_eq!((parts.host.as_str(), parts.port.as_str()), ("{env.HOST}", "{env.PORT}"));
    assert_eq!(join("tcp", "::1", "80"), "tcp/[::1]:80");
    assert_eq!(join("", "", ""), "");
    assert_eq!(join("unix", "/a", "80"), "unix//a");
}

#[test]
fn properties() {
    let parse = |text| NetworkAddress::parse(text).unwrap();
    assert!(
        parse("[::1]:1").is_loopback() && parse("localhost:1").is_loopback() && parse("unix/a").is_loopback()
    );
    assert!(parse(":1").is_wildcard() && parse("0.0.0.0:1").is_wildcard() && !parse("a:1").is_wildcard());
    assert!(parse("udp/:1").is_datagram() && parse("unixgram/a").is_datagram() && !parse(":1").is_datagram());
    let ports: Vec<u16> = parse(":8-10").expand().map(|address| address.start_port).collect();
    assert_eq!(ports, [8, 9, 10]);
    assert_eq!(parse("unix/a|0666").unix_socket(), Ok(("a", 0o666)));
    assert_eq!(parse("unix/a").unix_socket(), Ok(("a", 0o200)));
}
