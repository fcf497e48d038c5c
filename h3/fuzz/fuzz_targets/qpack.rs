//! What a field section decodes to is within the limit, and the same when it is encoded again; so are messages.
#![no_main]

use bytes::{Bytes, BytesMut};
use caddis_h3::{
    message::{self, Protocol, write},
    qpack::{self, Encoder, FIELD_OVERHEAD, Name},
};
use libfuzzer_sys::fuzz_target;

const LIMIT: u64 = 4096;

fn name(name: &Name) -> &str {
    match name {
        Name::Authority => ":authority",
        Name::Method => ":method",
        Name::Path => ":path",
        Name::Protocol => ":protocol",
        Name::Scheme => ":scheme",
        Name::Status => ":status",
        Name::Field(name) => name.as_str(),
        Name::Malformed => "",
    }
}

fn fields(section: Bytes) -> Option<Vec<(Name, Bytes, bool)>> {
    let mut fields = Vec::new();
    let result = qpack::decode(section, LIMIT, |field| {
        fields.push((field.name, field.value, field.sensitive));
        Ok(())
    });
    let size: u64 =
        fields.iter().map(|field| (name(&field.0).len() + field.1.len()) as u64 + FIELD_OVERHEAD).sum();
    assert!(size <= LIMIT);
    result.ok().map(|()| fields)
}

/// Behind the head of a HEADERS frame, which is short here.
fn payload(frame: BytesMut) -> Bytes {
    frame.freeze().split_off(3)
}

fuzz_target!(|bytes: &[u8]| {
    let section = Bytes::copy_from_slice(bytes);
    if let Some(fields) =
        fields(section.clone()).filter(|fields| fields.iter().all(|field| field.0 != Name::Malformed))
    {
        let mut out = BytesMut::new();
        let mut encoder = Encoder::new(&mut out);
        for field in &fields {
            encoder.field(name(&field.0), &field.1, field.2);
        }
        assert_eq!(self::fields(out.freeze()), Some(fields));
    }
    if let Ok(head) = message::request(section.clone(), LIMIT, true) {
        let (parts, mut out) = (head.parts, BytesMut::new());
        let protocol = parts.extensions.get::<Protocol>();
        write::request(&parts.method, &parts.uri, &parts.headers, protocol, &mut out);
        // What is written again is not malformed. (A scheme without an authority is one that `Uri` cannot keep.)
        if parts.uri.authority().is_some() {
            let again = message::request(payload(out), u64::MAX, true).expect("what was read can be written");
            assert_eq!((again.parts.method, again.parts.uri), (parts.method, parts.uri));
            assert_eq!(again.content_length, head.content_length);
        }
    }
    if let Ok(head) = message::response(section.clone(), LIMIT) {
        let mut out = BytesMut::new();
        write::response(head.parts.status, &head.parts.headers, &mut out);
        let again = message::response(payload(out), u64::MAX).expect("what was read can be written");
        assert_eq!((again.parts.status, again.parts.headers), (head.parts.status, head.parts.headers));
    }
    if let Ok(trailers) = message::trailers(section, LIMIT) {
        let mut out = BytesMut::new();
        write::trailers(&trailers, &mut out);
        assert_eq!(message::trailers(payload(out), u64::MAX).ok(), Some(trailers));
    }
});
