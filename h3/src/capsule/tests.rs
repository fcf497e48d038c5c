use super::*;
use crate::Code;

fn all() -> Vec<Capsule> {
    use Direction::{Bidirectional, Unidirectional};
    vec![
        Capsule::Datagram(Bytes::from_static(b"payload")),
        Capsule::Datagram(Bytes::new()),
        Capsule::CloseSession { code: 0xdead_beef, reason: "b\u{fc}e".into() },
        Capsule::CloseSession { code: 0, reason: String::new() },
        Capsule::DrainSession,
        Capsule::MaxData(varint::MAX),
        Capsule::MaxStreams(Bidirectional, 1),
        Capsule::MaxStreams(Unidirectional, 70),
        Capsule::DataBlocked(0),
        Capsule::StreamsBlocked(Bidirectional, 2),
        Capsule::StreamsBlocked(Unidirectional, 20_000),
        Capsule::Unknown { kind: 0x17 + 0x29, value: Bytes::from_static(b"whatever") },
    ]
}

fn read(bytes: &[u8], size: usize) -> Result<Vec<Capsule>, Error> {
    let mut decoder = Decoder::new(100);
    let mut capsules = Vec::new();
    for piece in bytes.chunks(size) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(capsule) = decoder.next(&mut input)? {
            capsules.push(capsule);
        }
    }
    decoder.end()?;
    Ok(capsules)
}

#[track_caller]
fn is_malformed(bytes: &[u8]) {
    for size in [1, 3, 10_000] {
        let error = read(bytes, size).unwrap_err();
        assert_eq!((error.code, error.scope), (Code::H3_MESSAGE_ERROR, crate::Scope::Stream));
    }
}

#[test]
fn capsules_are_the_same_however_they_are_cut() {
    let mut out = Vec::new();
    for capsule in all() {
        capsule.write(&mut out);
    }
    // Two that are skipped: types that nobody knows may have values of any length, and so may datagrams.
    for head in [&b"\x40\x40\x40\x65"[..], b"\x00\x40\x65"] {
        out.extend_from_slice(head);
        out.extend([7; 101]);
    }
    for size in [1, 2, 5, 64, 10_000] {
        assert_eq!(read(&out, size), Ok(all()), "pieces of {size}");
    }
}

#[test]
fn the_close_of_a_session_as_the_drafts_have_it() {
    let mut out = Vec::new();
    Capsule::CloseSession { code: 42, reason: "bye".into() }.write(&mut out);
    assert_eq!(out, b"\x68\x43\x07\0\0\0\x2abye");
}

#[test]
fn reasons_have_at_most_1024_bytes() {
    let mut out = Vec::new();
    // The last character has two bytes, of which one would fit.
    Capsule::CloseSession { code: 1, reason: "a".to_owned() + &"\u{fc}".repeat(512) }.write(&mut out);
    let [Capsule::CloseSession { reason, .. }] = &read(&out, 100).unwrap()[..] else { panic!() };
    assert_eq!(reason.len(), 1023);
    let long = [&b"\x68\x43\x44\x05\0\0\0\0"[..], &[b'a'; 1025]].concat();
    is_malformed(&long);
    is_malformed(b"\x68\x43\x05\0\0\0\0\xff");
    is_malformed(b"\x68\x43\x03\0\0\0");
}

#[test]
fn rfc9297_3_3_capsules_with_more_or_less_than_their_fields() {
    let max_data = [0x99, 0x0b, 0x4d, 0x3d];
    is_malformed(&[&max_data[..], b"\x02\x00\x00"].concat());
    is_malformed(&[&max_data[..], b"\x01\x40"].concat());
    is_malformed(&[&max_data[..], b"\x00"].concat());
    is_malformed(&[&max_data[..], b"\x09"].concat());
    is_malformed(b"\x80\x00\x78\xae\x01\x00");
}

#[test]
fn rfc9297_3_3_stream_ends_inside_of_a_capsule() {
    let mut out = Vec::new();
    Capsule::Datagram(Bytes::from_static(b"payload")).write(&mut out);
    for length in 1..out.len() {
        is_malformed(&out[..length]);
    }
    // Also one that is skipped.
    is_malformed(b"\x00\x40\x65cut");
    assert_eq!(read(b"", 1), Ok(vec![]));
}

#[test]
fn prohibited_capsules_are_told() {
    for kind in [0x3e, 0x42] {
        assert_eq!(read(&[0x99, 0x0b, 0x4d, kind, 1, 0], 2), Ok(vec![Capsule::Prohibited]));
    }
}
