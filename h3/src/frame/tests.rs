use bytes::Buf;

use super::*;

/// All parts of a stream that is cut into pieces of `size` bytes, adjacent pieces of content joined.
fn parts(bytes: &[u8], size: usize, webtransport: bool) -> Result<Vec<Part>, Error> {
    let mut decoder = Decoder::new(100, webtransport);
    let mut parts: Vec<Part> = Vec::new();
    for piece in bytes.chunks(size) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(part) = decoder.next(&mut input)? {
            match (parts.last_mut(), part) {
                (Some(Part::Data(before)), Part::Data(after)) => {
                    *before = [before.as_ref(), after.as_ref()].concat().into();
                }
                (_, part) => parts.push(part),
            }
        }
        assert!(input.is_empty());
    }
    decoder.end()?;
    Ok(parts)
}

fn payload(kind: Kind, bytes: &'static [u8]) -> [Part; 2] {
    [
        Part::Head { kind, length: bytes.len() as u64 },
        if kind == Kind::Data {
            Part::Data(Bytes::from_static(bytes))
        } else {
            Part::Payload(kind, Bytes::from_static(bytes))
        },
    ]
}

#[test]
fn frames_are_the_same_however_they_are_cut() {
    let mut bytes = b"\x01\x03abc\x00\x05hello\x21\x04skip\x00\x00\x07\x02\x40\x04\x04\x00".to_vec();
    // An unknown type that is longer than the limit.
    bytes.extend_from_slice(b"\x40\x99\x40\xc8");
    bytes.extend_from_slice(&[7; 200]);
    bytes.extend_from_slice(b"\x00\x01x");
    let mut expected = Vec::new();
    expected.extend(payload(Kind::Headers, b"abc"));
    expected.extend(payload(Kind::Data, b"hello"));
    expected.push(Part::Head { kind: Kind::Unknown, length: 4 });
    expected.push(Part::Head { kind: Kind::Data, length: 0 });
    expected.extend(payload(Kind::Goaway, b"\x40\x04"));
    expected.extend(payload(Kind::Settings, b""));
    expected.push(Part::Head { kind: Kind::Unknown, length: 200 });
    expected.extend(payload(Kind::Data, b"x"));
    for size in [1, 2, 3, 7, 1000] {
        assert_eq!(parts(&bytes, size, false).as_ref(), Ok(&expected), "pieces of {size}");
    }
}

#[test]
fn content_is_passed_on_without_a_copy_and_before_the_frame_is_whole() {
    let mut decoder = Decoder::new(100, false);
    let chunk = Bytes::from_static(b"\x00\x0acontent");
    let mut input = chunk.clone();
    assert_eq!(decoder.next(&mut input), Ok(Some(Part::Head { kind: Kind::Data, length: 10 })));
    let Ok(Some(Part::Data(piece))) = decoder.next(&mut input) else { panic!() };
    assert_eq!(piece.as_ptr(), chunk[2..].as_ptr());
    assert_eq!(decoder.next(&mut input), Ok(None));
}

#[test]
fn the_signal_of_webtransport_has_no_length() {
    let mut decoder = Decoder::new(100, true);
    let mut input = Bytes::from_static(b"\x40\x41\x04rest");
    assert_eq!(decoder.next(&mut input), Ok(Some(Part::Head { kind: Kind::WebTransport, length: 0 })));
    assert_eq!(input, "\x04rest");
    // Without WebTransport it is a type that nobody knows.
    let unknown = vec![Part::Head { kind: Kind::Unknown, length: 4 }];
    assert_eq!(parts(b"\x40\x41\x04rest", 3, false), Ok(unknown));
}

#[test]
fn a_frame_that_is_too_long_is_refused_before_it_is_kept() {
    let error = parts(b"\x04\x40\x65", 10, false).unwrap_err();
    assert_eq!(error.code, Code::H3_EXCESSIVE_LOAD);
}

#[test]
fn heads_are_written_for_any_length() {
    for length in [0, 1, 63, 64, 16_383, 16_384, 1 << 20] {
        let mut out = BytesMut::from("before");
        with_payload(0x01, &mut out, |out| out.put_bytes(b'a', length));
        let mut input = out.freeze();
        input.advance(6);
        let mut decoder = Decoder::new(1 << 20, false);
        let head = Part::Head { kind: Kind::Headers, length: length as u64 };
        assert_eq!(decoder.next(&mut input), Ok(Some(head)));
        let whole = Part::Payload(Kind::Headers, vec![b'a'; length].into());
        assert!(decoder.next(&mut input) == Ok(Some(whole)), "{length} bytes");
        assert!(input.is_empty());
    }
}
