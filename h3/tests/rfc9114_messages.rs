//! RFC 9114 section 4 and 10.3: what makes a message malformed, and what does not.
//!
//! | section | tests |
//! |---|---|
//! | 4.1 sequence of messages | `rfc9114_4_1_second_request`, `rfc9114_4_1_second_response`, `rfc9114_4_1_no_response`, `rfc9114_4_1_transfer_encoding` |
//! | 4.1.2 content-length | `rfc9114_4_1_2_content_is_shorter`, `rfc9114_4_1_2_content_is_longer`, `rfc9114_4_1_2_lengths_differ`, `rfc9114_4_1_2_responses_without_content` |
//! | 4.2 fields | `rfc9114_4_2_upper_case_names`, `rfc9114_4_2_connection_specific_fields`, `rfc9114_4_2_te` |
//! | 4.2.1 cookies | `rfc9114_4_2_1_cookies_are_joined` |
//! | 4.2.2 size | `rfc9114_4_2_2_large_field_sections` |
//! | 4.3 pseudo-header fields | `rfc9114_4_3_unknown_pseudo_header_field`, `rfc9114_4_3_pseudo_header_field_of_the_other_kind`, `rfc9114_4_3_pseudo_header_field_in_trailers`, `rfc9114_4_3_pseudo_header_field_after_field`, `rfc9114_4_3_pseudo_header_field_twice` |
//! | 4.3.1 requests | `rfc9114_4_3_1_mandatory_pseudo_header_fields`, `rfc9114_4_3_1_values_of_pseudo_header_fields`, `rfc9114_4_3_1_authority_or_host`, `rfc9114_4_3_1_authority_and_host_differ`, `rfc9114_4_3_1_userinfo` |
//! | 4.3.2 responses | `rfc9114_4_3_2_status` |
//! | 4.4 CONNECT | `rfc9114_4_4_connect_with_scheme_or_path`, `rfc9114_4_4_connect_authority` |
//! | 4.5 upgrade | `rfc9114_4_5_switching_protocols` |
//! | 10.3 characters | `rfc9114_10_3_names`, `rfc9114_10_3_values` |
//! | RFC 9220 | `rfc9220_3_protocol_was_not_offered`, `rfc9220_3_protocol_without_connect`, `rfc9220_3_pseudo_header_fields_of_extended_connect`, `rfc9220_3_any_protocol` |

use caddis_h3::{Connection, Role, Settings, connection::Limits};
use http::Method;

use crate::{
    bytes_of::{GET, data, get_but, get_with, headers, ok_with},
    peer::{end, in_pieces, is_malformed, request, response},
};

#[test]
fn rfc9114_4_1_second_request() {
    is_malformed(request(&[headers(&GET), headers(&GET)].concat()));
    is_malformed(request(&[headers(&GET), data(b"x"), headers(&GET)].concat()));
}

#[test]
fn rfc9114_4_1_second_response() {
    is_malformed(response(Method::GET, &[ok_with(&[]), ok_with(&[])].concat()));
    is_malformed(response(Method::GET, &[ok_with(&[]), data(b"x"), headers(&[(":status", "100")])].concat()));
}

#[test]
fn rfc9114_4_1_no_response() {
    is_malformed(response(Method::GET, b""));
    is_malformed(response(Method::GET, &headers(&[(":status", "103")])));
}

#[test]
fn rfc9114_4_1_transfer_encoding() {
    is_malformed(request(&get_with(&[("transfer-encoding", "chunked")])));
    is_malformed(response(Method::GET, &ok_with(&[("transfer-encoding", "chunked")])));
}

#[test]
fn rfc9114_4_1_2_content_is_shorter() {
    is_malformed(request(&get_with(&[("content-length", "1")])));
    is_malformed(request(&[get_with(&[("content-length", "3")]), data(b"ab")].concat()));
    is_malformed(response(
        Method::GET,
        &[ok_with(&[("content-length", "3")]), data(b"ab"), headers(&[])].concat(),
    ));
}

#[test]
fn rfc9114_4_1_2_content_is_longer() {
    let length = get_with(&[("content-length", "3")]);
    is_malformed(request(&[length.clone(), data(b"ab"), data(b"cd")].concat()));
    assert_eq!(
        request(&[length, data(b"ab"), data(b""), data(b"c")].concat()),
        Ok(vec!["GET https://example.com/ 1".into(), "data abc".into()])
    );
}

#[test]
fn rfc9114_4_1_2_lengths_differ() {
    is_malformed(request(&get_with(&[("content-length", "0"), ("content-length", "1")])));
    for length in ["", "-1", "+1", "1, 1", "0x1", "1 1", "18446744073709551616"] {
        is_malformed(request(&get_with(&[("content-length", length)])));
    }
}

#[test]
fn rfc9114_4_1_2_responses_without_content() {
    let length = ok_with(&[("content-length", "3")]);
    assert_eq!(response(Method::HEAD, &length), Ok(vec!["200 1".into()]));
    let not_modified = headers(&[(":status", "304"), ("content-length", "3")]);
    assert_eq!(response(Method::GET, &not_modified), Ok(vec!["304 1".into()]));
    is_malformed(response(Method::HEAD, &[length, data(b"abc")].concat()));
    is_malformed(response(Method::GET, &[not_modified, data(b"abc")].concat()));
    is_malformed(response(Method::GET, &[headers(&[(":status", "204")]), data(b"abc")].concat()));
}

#[test]
fn rfc9114_4_2_upper_case_names() {
    is_malformed(request(&get_with(&[("Accept", "*/*")])));
    is_malformed(response(Method::GET, &ok_with(&[("x-A", "1")])));
    is_malformed(request(&[headers(&GET), headers(&[("X", "1")])].concat()));
}

#[test]
fn rfc9114_4_2_connection_specific_fields() {
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        is_malformed(request(&get_with(&[(name, "x")])));
        is_malformed(response(Method::GET, &ok_with(&[(name, "x")])));
        is_malformed(request(&[headers(&GET), headers(&[(name, "x")])].concat()));
    }
}

#[test]
fn rfc9114_4_2_te() {
    assert!(request(&get_with(&[("te", "trailers")])).is_ok());
    is_malformed(request(&get_with(&[("te", "gzip")])));
    is_malformed(request(&get_with(&[("te", "trailers, gzip")])));
    is_malformed(response(Method::GET, &ok_with(&[("te", "trailers")])));
    is_malformed(request(&[headers(&GET), headers(&[("te", "trailers")])].concat()));
}

#[test]
fn rfc9114_4_2_1_cookies_are_joined() {
    let seen = request(&get_with(&[("cookie", "a=b"), ("cookie", "c=d")]));
    assert_eq!(seen, Ok(vec!["GET https://example.com/ 1".into()]));
}

#[test]
fn rfc9114_4_2_2_large_field_sections() {
    let mut limits = Limits::default();
    limits.stream.field_section = 200;
    let with = |bytes: &[u8]| {
        in_pieces(bytes, || Connection::new(Role::Server, Settings::default(), limits).incoming_request())
    };
    // 177 bytes of pseudo-header fields leave no room for another field.
    assert_eq!(with(&headers(&GET)), Ok(vec!["GET https://example.com/ 0".into()]));
    assert_eq!(with(&get_with(&[("x", "")])), Ok(vec!["too large".into()]));
    // One that is long is not read to the end; nor is what follows.
    let long = get_with(&[("x", &"~".repeat(10_000))]);
    assert_eq!(with(&[long, data(b"x"), b"\x02\x00".to_vec()].concat()), Ok(vec!["too large".into()]));
}

#[test]
fn rfc9114_4_3_unknown_pseudo_header_field() {
    is_malformed(request(&headers(&[&GET[..], &[(":version", "3")]].concat())));
    is_malformed(response(Method::GET, &ok_with(&[(":reason", "OK")])));
    is_malformed(request(&headers(&[&GET[..], &[(":", "")]].concat())));
}

#[test]
fn rfc9114_4_3_pseudo_header_field_of_the_other_kind() {
    is_malformed(request(&headers(&[&GET[..], &[(":status", "200")]].concat())));
    for field in [&GET[..], &[(":protocol", "x")]].concat() {
        is_malformed(response(Method::GET, &ok_with(&[field])));
    }
}

#[test]
fn rfc9114_4_3_pseudo_header_field_in_trailers() {
    for field in [&GET[..], &[(":status", "200"), (":protocol", "x"), (":x", "")]].concat() {
        is_malformed(request(&[headers(&GET), headers(&[field])].concat()));
        is_malformed(response(Method::GET, &[ok_with(&[]), headers(&[field])].concat()));
    }
}

#[test]
fn rfc9114_4_3_pseudo_header_field_after_field() {
    is_malformed(request(&headers(&[GET[0], GET[1], GET[2], ("x", ""), GET[3]])));
    is_malformed(response(Method::GET, &headers(&[("x", ""), (":status", "200")])));
    is_malformed(request(&headers(&[GET[0], GET[1], GET[2], ("cookie", "a=b"), GET[3]])));
}

#[test]
fn rfc9114_4_3_pseudo_header_field_twice() {
    for field in GET {
        is_malformed(request(&headers(&[&GET[..], &[field]].concat())));
    }
    is_malformed(response(Method::GET, &ok_with(&[(":status", "200")])));
}

#[test]
fn rfc9114_4_3_1_mandatory_pseudo_header_fields() {
    for name in [":method", ":scheme", ":path"] {
        is_malformed(request(&get_but(name, None)));
    }
    is_malformed(request(&headers(&[])));
}

#[test]
fn rfc9114_4_3_1_values_of_pseudo_header_fields() {
    for (name, value) in [
        (":method", ""),
        (":method", "G T"),
        (":method", "GET\r\n"),
        (":scheme", ""),
        (":scheme", "ht tp"),
        (":scheme", "1"),
        (":path", ""),
        (":path", "a"),
        (":path", "*"),
        (":path", "/a b"),
        (":path", "/a#b"),
        (":path", "/\0"),
        (":authority", "a b"),
        (":authority", "a/b"),
        (":authority", "a:b:c"),
    ] {
        is_malformed(request(&get_but(name, Some(value))));
    }
}

#[test]
fn rfc9114_4_3_1_authority_or_host() {
    is_malformed(request(&get_but(":authority", None)));
    is_malformed(request(&get_but(":authority", Some(""))));
    is_malformed(request(&headers(&[GET[0], GET[1], GET[3], ("host", "")])));
    is_malformed(request(&headers(&[GET[0], GET[1], GET[3], ("host", "a"), ("host", "a")])));
    assert!(request(&headers(&[GET[0], GET[1], GET[3], ("host", "example.com")])).is_ok());
}

#[test]
fn rfc9114_4_3_1_authority_and_host_differ() {
    is_malformed(request(&get_with(&[("host", "example.org")])));
    is_malformed(request(&get_with(&[("host", "")])));
    assert!(request(&get_with(&[("host", "example.com")])).is_ok());
}

#[test]
fn rfc9114_4_3_1_userinfo() {
    is_malformed(request(&get_but(":authority", Some("me@example.com"))));
    is_malformed(request(&headers(&[GET[0], GET[1], GET[3], ("host", "me@example.com")])));
}

#[test]
fn rfc9114_4_3_2_status() {
    is_malformed(response(Method::GET, &headers(&[])));
    for status in ["", "20", "2000", "2x0", "099", "-10", " 200"] {
        is_malformed(response(Method::GET, &headers(&[(":status", status)])));
    }
}

#[test]
fn rfc9114_4_4_connect_with_scheme_or_path() {
    let connect = [(":method", "CONNECT"), (":authority", "example.com:443")];
    assert_eq!(request(&headers(&connect)), Ok(vec!["CONNECT example.com:443 0".into()]));
    is_malformed(request(&headers(&[&connect[..], &[GET[1]]].concat())));
    is_malformed(request(&headers(&[&connect[..], &[GET[3]]].concat())));
}

#[test]
fn rfc9114_4_4_connect_authority() {
    is_malformed(request(&headers(&[(":method", "CONNECT")])));
    for authority in ["", "example.com", "me@example.com:443", "example.com:", "example.com:99999"] {
        is_malformed(request(&headers(&[(":method", "CONNECT"), (":authority", authority)])));
    }
}

#[test]
fn rfc9114_4_5_switching_protocols() {
    is_malformed(response(Method::GET, &headers(&[(":status", "101")])));
}

#[test]
fn rfc9114_10_3_names() {
    for name in ["", "a b", "a:", "a\n", "a\0", "\u{e4}", "a\"", "(a)", "a=b"] {
        is_malformed(request(&get_with(&[(name, "x")])));
        is_malformed(response(Method::GET, &ok_with(&[(name, "x")])));
    }
}

#[test]
fn rfc9114_10_3_values() {
    for value in ["a\rb", "a\nb", "a\0b", "a\u{7f}b", "a\u{1}"] {
        is_malformed(request(&get_with(&[("x", value)])));
        is_malformed(response(Method::GET, &ok_with(&[("x", value)])));
        is_malformed(request(&get_with(&[("cookie", value)])));
        is_malformed(request(&[headers(&GET), headers(&[("x", value)])].concat()));
    }
    assert!(request(&get_with(&[("x", "a\tb \u{e4}")])).is_ok());
}

const WEBSOCKET: [(&str, &str); 5] =
    [(":method", "CONNECT"), (":protocol", "websocket"), GET[1], GET[2], GET[3]];

#[test]
fn rfc9220_3_protocol_was_not_offered() {
    let server = || Connection::new(Role::Server, Settings::default(), Limits::default());
    is_malformed(in_pieces(&headers(&WEBSOCKET), || server().incoming_request()));
}

#[test]
fn rfc9220_3_protocol_without_connect() {
    is_malformed(request(&headers(&[&GET[..], &[(":protocol", "websocket")]].concat())));
}

#[test]
fn rfc9220_3_pseudo_header_fields_of_extended_connect() {
    assert_eq!(request(&headers(&WEBSOCKET)), Ok(vec!["CONNECT https://example.com/ 0".into()]));
    for missing in [":scheme", ":path", ":authority"] {
        let fields = WEBSOCKET.into_iter().filter(|(name, _)| *name != missing);
        is_malformed(request(&headers(&fields.collect::<Vec<_>>())));
    }
}

#[test]
fn rfc9220_3_any_protocol() {
    for protocol in ["webtransport", "webtransport-h3", "connect-udp", "x/1.0"] {
        let fields = [&WEBSOCKET[..1], &[(":protocol", protocol)], &WEBSOCKET[2..]].concat();
        assert!(in_pieces(&headers(&fields), || end(Role::Server).incoming_request()).is_ok());
    }
    for protocol in ["", "a b", "a\0", "\u{e4}"] {
        let fields = [&WEBSOCKET[..1], &[(":protocol", protocol)], &WEBSOCKET[2..]].concat();
        is_malformed(request(&headers(&fields)));
    }
}
