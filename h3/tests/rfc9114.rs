//! RFC 9114 but for its messages: frames, streams, connections.
//!
//! | section | tests |
//! |---|---|
//! | 4.1 order of frames | `rfc9114_4_1_data_before_headers`, `rfc9114_4_1_data_after_trailers`, `rfc9114_4_1_headers_after_trailers`, `rfc9114_4_1_data_after_interim_response`, `rfc9114_4_1_request_without_headers`, `rfc9114_4_1_unknown_frames_anywhere`, `rfc9114_4_1_interim_responses` |
//! | 4.4 tunnels | `rfc9114_4_4_frames_in_a_tunnel` |
//! | 4.6 push | `rfc9114_4_6_push_stream_without_max_push_id` |
//! | 5.2 GOAWAY | `rfc9114_5_2_goaway_grows`, `rfc9114_5_2_requests_after_goaway`, `rfc9114_5_2_requests_that_were_not_taken` |
//! | 6.1 bidirectional streams | `rfc9114_6_1_server_opens_bidirectional_stream` |
//! | 6.2 unidirectional streams | `rfc9114_6_2_unknown_stream_types`, `rfc9114_6_2_stream_ends_before_its_type` |
//! | 6.2.1 control streams | `rfc9114_6_2_1_missing_settings`, `rfc9114_6_2_1_second_control_stream`, `rfc9114_6_2_1_closed_control_stream` |
//! | 6.2.2 push streams | `rfc9114_6_2_2_client_opens_push_stream` |
//! | 6.2.3 reserved stream types | `rfc9114_6_2_3_reserved_stream_types` |
//! | 7.1 layout | `rfc9114_7_1_frame_is_longer_than_its_fields`, `rfc9114_7_1_frame_is_shorter_than_its_fields`, `rfc9114_7_1_stream_ends_inside_of_a_frame` |
//! | 7.2.1, 7.2.2 | `rfc9114_7_2_1_data_on_control_stream`, `rfc9114_7_2_2_headers_on_control_stream` |
//! | 7.2.3 CANCEL_PUSH | `rfc9114_7_2_3_cancel_push_on_request_stream`, `rfc9114_7_2_3_cancel_push_of_no_push` |
//! | 7.2.4 SETTINGS | `rfc9114_7_2_4_settings_twice`, `rfc9114_7_2_4_settings_on_request_stream`, `rfc9114_7_2_4_setting_twice`, `rfc9114_7_2_4_unknown_settings` |
//! | 7.2.4.1 | `rfc9114_7_2_4_1_settings_of_http2` |
//! | 7.2.4.2 | `rfc9114_7_2_4_2_settings_are_taken_back` |
//! | 7.2.5 PUSH_PROMISE | `rfc9114_7_2_5_push_promise_on_control_stream`, `rfc9114_7_2_5_push_promise_from_client`, `rfc9114_7_2_5_push_promise_above_limit` |
//! | 7.2.6 GOAWAY | `rfc9114_7_2_6_goaway_names_no_request`, `rfc9114_7_2_6_goaway_on_request_stream` |
//! | 7.2.7 MAX_PUSH_ID | `rfc9114_7_2_7_max_push_id_on_request_stream`, `rfc9114_7_2_7_max_push_id_from_server`, `rfc9114_7_2_7_max_push_id_shrinks` |
//! | 7.2.8 reserved frame types | `rfc9114_7_2_8_reserved_frames`, `rfc9114_7_2_8_frames_of_http2` |
//! | 8 errors | `rfc9114_8_unknown_error_codes` |
//! | 9 extensions | `rfc9114_9_unknown_frame_is_no_settings` |
//! | 10.5 denial of service | `rfc9114_10_5_unknown_frames`, `rfc9114_10_5_empty_data`, `rfc9114_10_5_unknown_streams`, `rfc9114_10_5_resets`, `rfc9114_10_5_interim_responses`, `rfc9114_10_5_frames_on_control_stream`, `rfc9114_10_5_long_settings` |
//! | WebTransport's signal | `webtransport_signal_at_the_start`, `webtransport_signal_elsewhere`, `webtransport_session_id_of_no_request`, `webtransport_was_not_offered` |
//!
//! No push is ever permitted, so that rules about pushes which were (the same id twice, promises that differ) cannot be
//! broken before one of those above is. Rules that only a sender can keep (what not to send, how long to wait, which limits
//! to give) have no test here. Those of sections 4.1.1, 5.3 and 10.9 are the runtime's.

use bytes::BytesMut;
use caddis_h3::{
    Code, Connection, Role, Settings, StreamId,
    connection::{Accept, Limits},
    control::Control,
    ids::reserved,
    settings::WebTransport,
    uni::Uni,
};
use http::Method;

use crate::{
    bytes_of::{
        CANCEL_PUSH, GET, GOAWAY, MAX_PUSH_ID, PUSH_PROMISE, data, frame, frame_of, headers, integer,
        ok_with, section, settings,
    },
    peer::{
        control, control_of, end, end_with_webtransport, ends_connection, ends_stream, in_pieces, request,
        response, uni,
    },
};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// What comes behind SETTINGS on the control stream.
fn after_settings(role: Role, bytes: &[u8]) -> Result<Vec<Control>, caddis_h3::Error> {
    control(role, &[settings(&[]), bytes.to_vec()].concat())
}

/// A frame of another stream, or of no version of HTTP/3, on a request stream: before and behind the head.
#[track_caller]
fn unexpected_on_request_stream(bytes: &[u8], code: Code) {
    ends_connection(request(bytes), code);
    ends_connection(request(&[&headers(&GET), bytes].concat()), code);
    ends_connection(request(&[&headers(&GET), &data(b"x"), &headers(&[]), bytes].concat()), code);
    ends_connection(response(Method::GET, bytes), code);
    ends_connection(response(Method::GET, &[&ok_with(&[]), bytes].concat()), code);
}

#[test]
fn rfc9114_4_1_data_before_headers() {
    ends_connection(request(&data(b"x")), Code::H3_FRAME_UNEXPECTED);
    ends_connection(request(&data(b"")), Code::H3_FRAME_UNEXPECTED);
    ends_connection(response(Method::GET, &data(b"x")), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_4_1_data_after_trailers() {
    let message = [headers(&GET), headers(&[("x", "1")]), data(b"x")].concat();
    ends_connection(request(&message), Code::H3_FRAME_UNEXPECTED);
    let message = [ok_with(&[]), headers(&[("x", "1")]), data(b"x")].concat();
    ends_connection(response(Method::GET, &message), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_4_1_headers_after_trailers() {
    let trailers = headers(&[("x", "1")]);
    ends_connection(
        request(&[headers(&GET), trailers.clone(), trailers.clone()].concat()),
        Code::H3_FRAME_UNEXPECTED,
    );
    ends_connection(
        response(Method::GET, &[ok_with(&[]), data(b"x"), trailers.clone(), trailers].concat()),
        Code::H3_FRAME_UNEXPECTED,
    );
}

#[test]
fn rfc9114_4_1_data_after_interim_response() {
    let message = [headers(&[(":status", "100")]), data(b"x")].concat();
    ends_connection(response(Method::GET, &message), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_4_1_request_without_headers() {
    ends_stream(request(b""), Code::H3_REQUEST_INCOMPLETE);
    ends_stream(request(&frame(0x21, b"only padding")), Code::H3_REQUEST_INCOMPLETE);
}

#[test]
fn rfc9114_4_1_unknown_frames_anywhere() {
    let padding = frame(0x21, b"padding");
    let (head, trailers) = (headers(&GET), headers(&[("x", "1")]));
    let message =
        [&padding[..], &head, &padding, &data(b"a"), &padding, &data(b"b"), &trailers, &padding].concat();
    assert_eq!(
        request(&message),
        Ok(vec!["GET https://example.com/ 0".into(), "data ab".into(), "trailers 1".into()])
    );
}

#[test]
fn rfc9114_4_1_interim_responses() {
    let interim = |status| headers(&[(":status", status), ("link", "x")]);
    let message = [interim("103"), interim("100"), ok_with(&[]), data(b"x"), headers(&[("x", "1")])].concat();
    assert_eq!(
        response(Method::GET, &message),
        Ok(vec![
            "interim 103".into(),
            "interim 100".into(),
            "200 0".into(),
            "data x".into(),
            "trailers 1".into()
        ])
    );
}

#[test]
fn rfc9114_4_4_frames_in_a_tunnel() {
    let connect = headers(&[(":method", "CONNECT"), (":authority", "example.com:443")]);
    assert_eq!(
        request(&[&connect[..], &data(b"a"), &frame(0x21, b"x"), &data(b"b")].concat()),
        Ok(vec!["CONNECT example.com:443 0".into(), "data ab".into()])
    );
    ends_connection(request(&[connect.clone(), headers(&[("x", "1")])].concat()), Code::H3_FRAME_UNEXPECTED);
    // A length of content means nothing to a tunnel.
    let ok = ok_with(&[("content-length", "1")]);
    assert_eq!(
        response(Method::CONNECT, &[ok.clone(), data(b"abc")].concat()),
        Ok(vec!["200 1".into(), "data abc".into()])
    );
    ends_connection(
        response(Method::CONNECT, &[ok.clone(), headers(&[])].concat()),
        Code::H3_FRAME_UNEXPECTED,
    );
    let promise = frame(PUSH_PROMISE, &[integer(0), section(&GET)].concat());
    ends_connection(response(Method::CONNECT, &[ok, promise].concat()), Code::H3_FRAME_UNEXPECTED);
    // What refuses a tunnel is a response as any other.
    let refusal = [headers(&[(":status", "403")]), data(b"no"), headers(&[("x", "1")])].concat();
    assert!(response(Method::CONNECT, &refusal).is_ok());
}

#[test]
fn rfc9114_4_6_push_stream_without_max_push_id() {
    ends_connection(uni(Role::Client, &[b"\x01\x00"]), Code::H3_ID_ERROR);
}

#[test]
fn rfc9114_5_2_goaway_grows() {
    for role in BOTH {
        let twice = |first, second| {
            after_settings(role, &[frame_of(GOAWAY, first), frame_of(GOAWAY, second)].concat())
        };
        ends_connection(twice(4, 8), Code::H3_ID_ERROR);
        assert_eq!(
            twice(8, 4).map(|said| said[1..].to_vec()),
            Ok(vec![Control::Goaway(8), Control::Goaway(4)])
        );
        assert!(twice(8, 8).is_ok());
    }
}

#[test]
fn rfc9114_5_2_requests_after_goaway() {
    let mut server = end(Role::Server);
    assert_eq!(server.accept_bidi(StreamId::new(4)), Ok(Accept::Read));
    assert_eq!(server.accept_bidi(StreamId::new(0)), Ok(Accept::Read));
    let mut out = BytesMut::new();
    server.goaway_soon(&mut out);
    assert_eq!(server.accept_bidi(StreamId::new(8)), Ok(Accept::Read));
    server.goaway(&mut out);
    server.goaway(&mut out);
    assert_eq!(out, [frame_of(GOAWAY, (1 << 62) - 4), frame_of(GOAWAY, 12)].concat());
    assert_eq!(server.accept_bidi(StreamId::new(12)), Ok(Accept::Refuse(Code::H3_REQUEST_REJECTED)));
}

#[test]
fn rfc9114_5_2_requests_that_were_not_taken() {
    let mut client = end(Role::Client);
    assert!(client.may_request() && !client.was_not_taken(StreamId::new(100)));
    let mut input = [settings(&[]), frame_of(GOAWAY, 8)].concat().into();
    while client.control(&mut input).unwrap().is_some() {}
    assert!(!client.may_request());
    assert!(client.was_not_taken(StreamId::new(8)) && !client.was_not_taken(StreamId::new(4)));
}

#[test]
fn rfc9114_6_1_server_opens_bidirectional_stream() {
    ends_connection(end(Role::Client).accept_bidi(StreamId::new(1)), Code::H3_STREAM_CREATION_ERROR);
    assert_eq!(end_with_webtransport(Role::Client).accept_bidi(StreamId::new(1)), Ok(Accept::Read));
}

#[test]
fn rfc9114_6_2_unknown_stream_types() {
    for role in BOTH {
        let refused = (Uni::Unknown(0x3f), Accept::Refuse(Code::H3_STREAM_CREATION_ERROR));
        assert_eq!(uni(role, &[b"\x3fwhatever"]), Ok(vec![refused]));
    }
}

#[test]
fn rfc9114_6_2_stream_ends_before_its_type() {
    assert_eq!(uni(Role::Server, &[b"", b"\x40", b"\x01"]), Ok(vec![]));
}

#[test]
fn rfc9114_6_2_1_missing_settings() {
    for role in BOTH {
        for first in
            [frame_of(GOAWAY, 0), frame_of(MAX_PUSH_ID, 0), frame_of(CANCEL_PUSH, 0), data(b""), headers(&[])]
        {
            ends_connection(control(role, &first), Code::H3_MISSING_SETTINGS);
        }
    }
}

#[test]
fn rfc9114_6_2_1_second_control_stream() {
    for role in BOTH {
        ends_connection(uni(role, &[b"\0", b"\0"]), Code::H3_STREAM_CREATION_ERROR);
    }
}

#[test]
fn rfc9114_6_2_1_closed_control_stream() {
    for role in BOTH {
        ends_connection(end(role).closed_uni(Uni::Control), Code::H3_CLOSED_CRITICAL_STREAM);
        assert_eq!(end(role).closed_uni(Uni::Unknown(0x21)), Ok(()));
    }
}

#[test]
fn rfc9114_6_2_2_client_opens_push_stream() {
    ends_connection(uni(Role::Server, &[b"\x01\x00"]), Code::H3_STREAM_CREATION_ERROR);
}

#[test]
fn rfc9114_6_2_3_reserved_stream_types() {
    let id = reserved(1000);
    let accepted = uni(Role::Server, &[&integer(id)]);
    assert_eq!(accepted, Ok(vec![(Uni::Unknown(id), Accept::Refuse(Code::H3_STREAM_CREATION_ERROR))]));
}

#[test]
fn rfc9114_7_1_frame_is_longer_than_its_fields() {
    for kind in [GOAWAY, MAX_PUSH_ID, CANCEL_PUSH] {
        ends_connection(after_settings(Role::Server, &frame(kind, &[0, 0])), Code::H3_FRAME_ERROR);
        ends_connection(after_settings(Role::Server, &frame(kind, &[0; 9])), Code::H3_FRAME_ERROR);
    }
}

#[test]
fn rfc9114_7_1_frame_is_shorter_than_its_fields() {
    for kind in [GOAWAY, MAX_PUSH_ID, CANCEL_PUSH] {
        ends_connection(after_settings(Role::Server, &frame(kind, &[])), Code::H3_FRAME_ERROR);
        ends_connection(after_settings(Role::Server, &frame(kind, &[0x40])), Code::H3_FRAME_ERROR);
    }
    for payload in [&[0x06][..], &[0x06, 0x40], &[0x40]] {
        ends_connection(control(Role::Server, &frame(0x04, payload)), Code::H3_FRAME_ERROR);
    }
    ends_connection(response(Method::GET, &frame(PUSH_PROMISE, b"")), Code::H3_FRAME_ERROR);
}

#[test]
fn rfc9114_7_1_stream_ends_inside_of_a_frame() {
    let whole = [headers(&GET), data(b"x"), frame(0x21, b"x"), headers(&[])].concat();
    let mut cut_at_frames = 0;
    for length in 1..whole.len() {
        match request(&whole[..length]) {
            Ok(_) => cut_at_frames += 1,
            cut => ends_connection(cut, Code::H3_FRAME_ERROR),
        }
    }
    assert_eq!(cut_at_frames, 3);
}

#[test]
fn rfc9114_7_2_1_data_on_control_stream() {
    for role in BOTH {
        ends_connection(after_settings(role, &data(b"x")), Code::H3_FRAME_UNEXPECTED);
    }
}

#[test]
fn rfc9114_7_2_2_headers_on_control_stream() {
    for role in BOTH {
        ends_connection(after_settings(role, &headers(&GET)), Code::H3_FRAME_UNEXPECTED);
    }
}

#[test]
fn rfc9114_7_2_3_cancel_push_on_request_stream() {
    unexpected_on_request_stream(&frame_of(CANCEL_PUSH, 0), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_7_2_3_cancel_push_of_no_push() {
    // A client has permitted none; a server has promised none, whatever was permitted.
    ends_connection(after_settings(Role::Client, &frame_of(CANCEL_PUSH, 0)), Code::H3_ID_ERROR);
    let permitted = [frame_of(MAX_PUSH_ID, 9), frame_of(CANCEL_PUSH, 0)].concat();
    ends_connection(after_settings(Role::Server, &permitted), Code::H3_ID_ERROR);
}

#[test]
fn rfc9114_7_2_4_settings_twice() {
    for role in BOTH {
        ends_connection(after_settings(role, &settings(&[])), Code::H3_FRAME_UNEXPECTED);
    }
}

#[test]
fn rfc9114_7_2_4_settings_on_request_stream() {
    unexpected_on_request_stream(&settings(&[]), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_7_2_4_setting_twice() {
    for id in [0x06, 0x33, 0x21, 0x4242] {
        let twice = settings(&[(id, 1), (0x07, 0), (id, 1)]);
        ends_connection(control(Role::Server, &twice), Code::H3_SETTINGS_ERROR);
    }
}

#[test]
fn rfc9114_7_2_4_unknown_settings() {
    let said = control(Role::Server, &settings(&[(0x4242, 7), (0x21, 1 << 61), (0x06, 100)]));
    let expected = Settings { max_field_section_size: Some(100), ..Settings::default() };
    assert_eq!(said, Ok(vec![Control::Settings(expected)]));
}

#[test]
fn rfc9114_7_2_4_1_settings_of_http2() {
    for id in [0x00, 0x02, 0x03, 0x04, 0x05] {
        ends_connection(control(Role::Client, &settings(&[(id, 1)])), Code::H3_SETTINGS_ERROR);
    }
}

#[test]
fn rfc9114_7_2_4_2_settings_are_taken_back() {
    let before = Settings {
        max_field_section_size: Some(1000),
        enable_connect_protocol: true,
        datagrams: true,
        webtransport: WebTransport {
            draft15_enabled: true,
            initial_max_data: 100,
            ..WebTransport::default()
        },
        ..Settings::default()
    };
    let resumed = |pairs: &[(u64, u64)]| {
        let client = || {
            let mut client = end(Role::Client);
            client.remember(before.clone());
            client
        };
        control_of(client, &settings(pairs))
    };
    let kept = [(0x06, 1000), (0x08, 1), (0x33, 1), (0x2c7c_f000, 1), (0x2b61, 100)];
    assert!(resumed(&kept).is_ok());
    for (at, (id, value)) in kept.into_iter().enumerate() {
        let mut changed = kept;
        changed[at] = (id, value - 1);
        ends_connection(resumed(&changed), Code::H3_SETTINGS_ERROR);
        changed[at] = (0x21, 0);
        // To leave out the limit of field sections is to lift it.
        if id != 0x06 {
            ends_connection(resumed(&changed), Code::H3_SETTINGS_ERROR);
        }
    }
}

#[test]
fn rfc9114_7_2_5_push_promise_on_control_stream() {
    let promise = frame(PUSH_PROMISE, &[integer(0), section(&GET)].concat());
    for role in BOTH {
        ends_connection(after_settings(role, &promise), Code::H3_FRAME_UNEXPECTED);
    }
}

#[test]
fn rfc9114_7_2_5_push_promise_from_client() {
    let promise = frame(PUSH_PROMISE, &[integer(0), section(&GET)].concat());
    ends_connection(request(&promise), Code::H3_FRAME_UNEXPECTED);
    ends_connection(request(&[headers(&GET), promise].concat()), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_7_2_5_push_promise_above_limit() {
    // A client that has sent no MAX_PUSH_ID permits no push at all.
    let promise = frame(PUSH_PROMISE, &[integer(0), section(&GET)].concat());
    ends_connection(response(Method::GET, &promise), Code::H3_ID_ERROR);
    ends_connection(response(Method::GET, &[ok_with(&[]), promise].concat()), Code::H3_ID_ERROR);
}

#[test]
fn rfc9114_7_2_6_goaway_names_no_request() {
    for id in [1, 2, 3, 5] {
        ends_connection(after_settings(Role::Client, &frame_of(GOAWAY, id)), Code::H3_ID_ERROR);
        // From a client it is the id of a push.
        assert!(after_settings(Role::Server, &frame_of(GOAWAY, id)).is_ok());
    }
}

#[test]
fn rfc9114_7_2_6_goaway_on_request_stream() {
    unexpected_on_request_stream(&frame_of(GOAWAY, 0), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_7_2_7_max_push_id_on_request_stream() {
    unexpected_on_request_stream(&frame_of(MAX_PUSH_ID, 0), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_7_2_7_max_push_id_from_server() {
    ends_connection(after_settings(Role::Client, &frame_of(MAX_PUSH_ID, 0)), Code::H3_FRAME_UNEXPECTED);
}

#[test]
fn rfc9114_7_2_7_max_push_id_shrinks() {
    let twice = |first, second| {
        after_settings(Role::Server, &[frame_of(MAX_PUSH_ID, first), frame_of(MAX_PUSH_ID, second)].concat())
    };
    ends_connection(twice(8, 7), Code::H3_ID_ERROR);
    assert!(twice(7, 8).is_ok() && twice(7, 7).is_ok());
}

#[test]
fn rfc9114_7_2_8_reserved_frames() {
    let padding = frame(reserved(123), &[0xff; 100]);
    for role in BOTH {
        let said = after_settings(role, &[padding.clone(), frame_of(GOAWAY, 0)].concat()).unwrap();
        assert_eq!(said[1..], [Control::Unknown, Control::Goaway(0)]);
    }
    assert!(request(&[padding.clone(), headers(&GET), padding].concat()).is_ok());
}

#[test]
fn rfc9114_7_2_8_frames_of_http2() {
    for kind in [0x02, 0x06, 0x08, 0x09] {
        unexpected_on_request_stream(&frame(kind, b"x"), Code::H3_FRAME_UNEXPECTED);
        for role in BOTH {
            ends_connection(after_settings(role, &frame(kind, b"x")), Code::H3_FRAME_UNEXPECTED);
        }
    }
}

#[test]
fn rfc9114_8_unknown_error_codes() {
    assert!(Code::new(reserved(5)).is_no_error() && Code::new(0x1234_5678).is_no_error());
    assert!(!Code::H3_REQUEST_CANCELLED.is_no_error());
}

#[test]
fn rfc9114_9_unknown_frame_is_no_settings() {
    for role in BOTH {
        let bytes = [frame(0x21, b""), settings(&[])].concat();
        ends_connection(control(role, &bytes), Code::H3_MISSING_SETTINGS);
    }
}

#[test]
fn rfc9114_10_5_unknown_frames() {
    let padding = frame(0x21, b"").repeat(65);
    ends_connection(request(&padding), Code::H3_EXCESSIVE_LOAD);
    assert!(request(&[frame(0x21, b"").repeat(64), headers(&GET)].concat()).is_ok());
}

#[test]
fn rfc9114_10_5_empty_data() {
    ends_connection(request(&[headers(&GET), data(b"").repeat(65)].concat()), Code::H3_EXCESSIVE_LOAD);
    // A tunnel that lasts may have any number of them in between.
    let little = [data(b"x"), data(b"")].concat().repeat(1000);
    assert!(request(&[headers(&GET), little].concat()).is_ok());
}

#[test]
fn rfc9114_10_5_interim_responses() {
    let interim = headers(&[(":status", "103")]);
    ends_stream(response(Method::GET, &interim.repeat(33)), Code::H3_EXCESSIVE_LOAD);
    assert!(response(Method::GET, &[interim.repeat(32), ok_with(&[])].concat()).is_ok());
}

#[test]
fn rfc9114_10_5_unknown_streams() {
    let stream: &[u8] = &[0x21];
    assert!(uni(Role::Server, &[stream; 1000]).is_ok());
    ends_connection(uni(Role::Server, &[stream; 1001]), Code::H3_EXCESSIVE_LOAD);
    let mut server = end(Role::Server);
    let ended = (0..1001).map(|_| server.nameless_uni()).find(Result::is_err);
    ends_connection(ended.unwrap(), Code::H3_EXCESSIVE_LOAD);
}

#[test]
fn rfc9114_10_5_resets() {
    let mut server = end(Role::Server);
    for _ in 0..1000 {
        server.request_reset().unwrap();
    }
    server.request_done();
    assert!(server.request_reset().is_ok() && server.request_reset().is_ok());
    ends_connection(server.request_reset(), Code::H3_EXCESSIVE_LOAD);
    // Who is answered may cancel as much as that.
    for _ in 0..10_000 {
        server.request_done();
        server.request_reset().unwrap();
    }
}

#[test]
fn rfc9114_10_5_frames_on_control_stream() {
    for nothing in [frame_of(GOAWAY, 0), frame_of(MAX_PUSH_ID, 0), frame(0x21, b"")] {
        let mut server = end(Role::Server);
        let mut input = [settings(&[]), nothing.repeat(1001)].concat().into();
        let mut taken = 0;
        let error = loop {
            match server.control(&mut input) {
                Ok(Some(_)) => taken += 1,
                Ok(None) => panic!("nobody complains"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.code, taken), (Code::H3_EXCESSIVE_LOAD, 1001));
    }
}

#[test]
fn rfc9114_10_5_long_settings() {
    let bytes = [integer(0x04), integer(1 << 40), vec![0x21]].concat();
    ends_connection(control(Role::Server, &bytes), Code::H3_EXCESSIVE_LOAD);
}

#[test]
fn webtransport_signal_at_the_start() {
    let server = || end_with_webtransport(Role::Server).incoming_request();
    for (id, expected) in [(4, "session 4"), (1 << 20, "session 1048576")] {
        let mut bytes = [integer(0x41), integer(id)].concat();
        assert_eq!(in_pieces(&bytes, server), Ok(vec![expected.into()]));
        // What follows is the session's, and is left alone.
        bytes.extend(b"\x02\x00content");
        let mut input = bytes.into();
        let mut incoming = server();
        incoming.next(&mut input).unwrap();
        assert!(incoming.next(&mut input).unwrap().is_none());
        assert_eq!(input, &b"\x02\x00content"[..]);
    }
}

#[test]
fn webtransport_signal_elsewhere() {
    let signal = [integer(0x41), integer(0)].concat();
    for before in [frame(0x21, b""), headers(&GET)] {
        let bytes = [before, signal.clone()].concat();
        let server = || end_with_webtransport(Role::Server).incoming_request();
        ends_connection(in_pieces(&bytes, server), Code::H3_FRAME_ERROR);
    }
    let client = || end_with_webtransport(Role::Client).incoming_response(Method::GET);
    ends_connection(in_pieces(&signal, client), Code::H3_FRAME_ERROR);
    let bytes = [settings(&[]), signal].concat();
    ends_connection(control_of(|| end_with_webtransport(Role::Server), &bytes), Code::H3_FRAME_ERROR);
}

#[test]
fn webtransport_session_id_of_no_request() {
    let server = || end_with_webtransport(Role::Server).incoming_request();
    for id in [1, 2, 3] {
        ends_connection(in_pieces(&[integer(0x41), integer(id)].concat(), server), Code::H3_ID_ERROR);
    }
}

#[test]
fn webtransport_was_not_offered() {
    // Then it is a frame of an unknown type, and has a length.
    let plain = || Connection::new(Role::Server, Settings::default(), Limits::default()).incoming_request();
    let bytes = [frame(0x41, b"anything"), headers(&GET)].concat();
    assert_eq!(in_pieces(&bytes, plain), Ok(vec!["GET https://example.com/ 0".into()]));
}
