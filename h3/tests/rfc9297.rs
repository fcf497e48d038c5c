//! RFC 9297 and RFC 9220: datagrams, and the settings that offer them.

use bytes::Bytes;
use caddis_h3::{Code, Connection, Role, StreamId, datagram};

use crate::{
    bytes_of::{integer, settings},
    peer::{control, end, ends_connection},
};

#[test]
fn rfc9297_2_1_quarter_stream_id() {
    let read = |quarter| datagram::read([integer(quarter), b"payload".to_vec()].concat().into());
    assert_eq!(read(1), Ok((StreamId::new(4), Bytes::from_static(b"payload"))));
    assert_eq!(read((1 << 60) - 1).map(|(stream, _)| stream), Ok(StreamId::LAST_REQUEST));
    ends_connection(read(1 << 60), Code::H3_DATAGRAM_ERROR);
    let mut out = Vec::new();
    datagram::write(StreamId::new(1 << 20), &mut out);
    assert_eq!(out, integer(1 << 18));
}

#[test]
fn rfc9297_2_1_datagram_is_too_short() {
    for bytes in [&b""[..], b"\x40", b"\x80\0\0"] {
        ends_connection(datagram::read(Bytes::copy_from_slice(bytes)), Code::H3_DATAGRAM_ERROR);
    }
}

#[test]
fn rfc9297_2_1_1_value_of_the_setting() {
    for id in [0x33, 0xff_d277] {
        ends_connection(control(Role::Client, &settings(&[(id, 2)])), Code::H3_SETTINGS_ERROR);
        assert!(control(Role::Client, &settings(&[(id, 0)])).is_ok());
    }
}

#[test]
fn rfc9297_2_1_1_datagrams_only_when_both_take_them() {
    let after = |pairs: &[(u64, u64)]| {
        let mut end = end(Role::Client);
        end.control(&mut settings(pairs).into()).unwrap();
        Connection::sends_datagrams(&end)
    };
    assert!(!end(Role::Client).sends_datagrams() && !after(&[]) && !after(&[(0x33, 0)]));
    assert!(after(&[(0x33, 1)]) && after(&[(0xff_d277, 1)]));
}

#[test]
fn rfc9220_5_value_of_the_setting() {
    ends_connection(control(Role::Client, &settings(&[(0x08, 2)])), Code::H3_SETTINGS_ERROR);
}

#[test]
fn webtransport_draft02_3_1_value_of_the_setting() {
    ends_connection(control(Role::Client, &settings(&[(0x2b60_3742, 2)])), Code::H3_SETTINGS_ERROR);
}
