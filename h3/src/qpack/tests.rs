use bytes::BytesMut;
use http::{HeaderName, header};

use super::*;

type Fields = Vec<(Name, Bytes, bool)>;

fn fields_of(section: &[u8], limit: u64) -> Result<Fields, Stop> {
    let mut fields = Vec::new();
    decode(Bytes::copy_from_slice(section), limit, |field| {
        fields.push((field.name, field.value, field.sensitive));
        Ok(())
    })?;
    Ok(fields)
}

fn field(name: &'static str, value: &'static str, sensitive: bool) -> (Name, Bytes, bool) {
    (Name::new(name.as_bytes()), Bytes::from_static(value.as_bytes()), sensitive)
}

fn encoded(fields: &[(&str, &str, bool)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for (name, value, sensitive) in fields {
        encoder.field(name, value.as_bytes(), *sensitive);
    }
    out.to_vec()
}

fn code(section: &[u8]) -> Code {
    match fields_of(section, 10_000) {
        Err(Stop::Error(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn example_of_rfc_9204_appendix_b_1() {
    let section = b"\x00\x00\x51\x0b/index.html";
    assert_eq!(fields_of(section, 1000), Ok(vec![field(":path", "/index.html", false)]));
}

/// Sections made by hand: a representation, and the field it stands for.
#[test]
fn every_representation_that_the_static_table_permits() {
    for (section, expected) in [
        (&b"\xd1"[..], field(":method", "GET", false)),
        // An index that needs a second byte: 63 + 35.
        (b"\xff\x23", field("x-frame-options", "sameorigin", false)),
        // A name by reference, with and without permission to index, the second with an index of 15 + 69.
        (b"\x50\x01a", field(":authority", "a", false)),
        (b"\x7f\x45\x02xy", field("authorization", "xy", true)),
        // A name that is spelled out, plainly and encoded, with and without permission.
        (b"\x23foo\x03bar", field("foo", "bar", false)),
        (b"\x33foo\x03bar", field("foo", "bar", true)),
        (b"\x2f\x01\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf", {
            field("custom-key", "custom-value", false)
        }),
        // An empty value, and a base that nothing refers to.
        (b"\x5f\x50\x00", field("user-agent", "", false)),
    ] {
        assert_eq!(fields_of(&[b"\0\0", section].concat(), 1000), Ok(vec![expected.clone()]), "{expected:?}");
        assert_eq!(fields_of(&[b"\0\x7f\x01", section].concat(), 1000), Ok(vec![expected]));
    }
    assert_eq!(fields_of(b"\0\0", 0), Ok(Vec::new()));
}

#[test]
fn fields_come_out_as_they_were_written() {
    let fields = [
        (":method", "GET", false),
        (":status", "299", false),
        ("cookie", "a=b; c=\u{e4}", true),
        ("x-\u{7c}-~", "\u{1}\u{ff}#", false),
        ("accept", "*/*", false),
        ("accept", "*/*", true),
        ("x-empty", "", false),
    ];
    let section = encoded(&fields);
    let expected: Fields = fields.map(|(name, value, sensitive)| field(name, value, sensitive)).into();
    assert_eq!(fields_of(&section, 10_000), Ok(expected));
    // The table and the code are used where they can be.
    assert_eq!(encoded(&[(":method", "GET", false), ("accept", "*/*", false)]), b"\0\0\xd1\xdd");
    assert_eq!(encoded(&[("accept", "*/*", true)]), b"\0\0\x7f\x0e\x03*/*");
    assert_eq!(encoded(&[("foo", "~~~", false)]), b"\0\0\x2a\x94\xe7\x03~~~");
}

#[test]
fn sizes_are_those_of_rfc_9114() {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    encoder.field(":method", b"GET", false);
    encoder.field("foo", b"barbar", false);
    assert_eq!(encoder.size(), 7 + 3 + 32 + 3 + 6 + 32);
    let size = encoder.size();
    assert!(fields_of(&out, size).is_ok());
    assert_eq!(fields_of(&out, size - 1), Err(Stop::TooLarge));
}

#[test]
fn a_section_that_is_too_large_is_left_at_once() {
    // 200 indexed fields of a few bytes are large when they are decoded.
    let section = [&b"\0\0"[..], &[0xc1; 200]].concat();
    let mut taken = 0;
    let stop = decode(Bytes::from(section), 380, |_| {
        taken += 1;
        Ok(())
    });
    assert_eq!((stop, taken), (Err(Stop::TooLarge), 10));
    // A string that would be too long is not decoded: nor is what follows looked at.
    let mut section = b"\0\0\x50\xff\xff\x02".to_vec();
    section.extend([0x18; 510]);
    section.push(0x00);
    assert_eq!(fields_of(&section, 100), Err(Stop::TooLarge));
}

#[test]
fn sections_that_are_wrong() {
    for (section, why) in [
        (&b""[..], "no prefix"),
        (b"\0", "half of a prefix"),
        (b"\0\xff", "a base that is cut"),
        (b"\x01\0", "a required insert count"),
        (b"\0\x80", "a negative base"),
        (b"\0\0\xff\x24", "static index 99"),
        (b"\0\0\x5f\x54\0", "a name at static index 99"),
        (b"\0\0\x80", "a dynamic index"),
        (b"\0\0\x40\x01a", "a dynamic name"),
        (b"\0\0\x10", "an index above the base"),
        (b"\0\0\x00\x01a", "a name above the base"),
        (b"\0\0\x50", "no value"),
        (b"\0\0\x50\x02a", "half of a value"),
        (b"\0\0\x23fo", "half of a name"),
        (b"\0\0\x50\x81\xff", "EOS in a value"),
        (b"\0\0\x50\x81\x18", "padding of zeros"),
        (b"\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "an index of more than 62 bits"),
    ] {
        assert_eq!(code(section), Code::QPACK_DECOMPRESSION_FAILED, "{why}");
    }
}

#[test]
fn names_of_the_table_need_no_memory() {
    let [_, (name, value, _)] = &fields_of(b"\0\0\xd1\xff\x1f", 1000).unwrap()[..] else { panic!() };
    assert_eq!(name, &Name::Field(HeaderName::from_static("upgrade-insecure-requests")));
    assert_eq!(*name, Name::Field(header::UPGRADE_INSECURE_REQUESTS));
    assert_eq!(value.as_ptr(), table::ENTRIES[94].1.as_ptr());
}

#[test]
fn plain_values_are_slices_of_the_section() {
    let section = Bytes::from_static(b"\0\0\x51\x05/path");
    decode(section.clone(), 1000, |field| {
        assert_eq!(field.value.as_ptr(), section[4..].as_ptr());
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_the_caller_finds_wrong_ends_decoding() {
    let error = Error::message("no");
    assert_eq!(decode(Bytes::from_static(b"\0\0\xd1\x80"), 1000, |_| Err(error)), Err(Stop::Error(error)));
}
