//! Capsules are the same however they are cut, and when they are written again; a session survives all of them, and the
//! header fields that begin it.
#![no_main]

use bytes::Bytes;
use caddis_h3::{
    Dialect, Error, Settings,
    capsule::{Capsule, Decoder},
    settings::WebTransport,
    webtransport::{Session, negotiate},
};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fn capsules(bytes: &[u8], size: usize) -> (Vec<Capsule>, Result<(), Error>) {
    let mut decoder = Decoder::new(64);
    let mut capsules = Vec::new();
    for piece in bytes.chunks(size) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.next(&mut input) {
                Ok(Some(capsule)) => capsules.push(capsule),
                Ok(None) => break,
                Err(error) => return (capsules, Err(error)),
            }
        }
        assert!(input.is_empty());
    }
    (capsules, decoder.end())
}

fn session(bytes: &[u8], size: usize, limits: u64) {
    let settings = Settings {
        webtransport: WebTransport { initial_max_data: limits, ..WebTransport::default() },
        ..Settings::default()
    };
    let mut session = Session::new(Dialect::Draft15, &settings, &settings);
    for piece in bytes.chunks(size) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match session.read(&mut input) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(input.is_empty());
    }
    if session.end().is_ok() {
        assert!(session.is_closed());
    }
}

fn protocols(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers =
        HeaderMap::from_iter([(negotiate::AVAILABLE_PROTOCOLS, value.clone()), (negotiate::PROTOCOL, value)]);
    let offered = negotiate::offered_protocols(&headers);
    let texts: Vec<&str> = offered.iter().map(String::as_str).collect();
    let again = negotiate::protocols_value(&texts).expect("what was read can be written");
    assert_eq!(
        negotiate::offered_protocols(&HeaderMap::from_iter([(negotiate::AVAILABLE_PROTOCOLS, again)])),
        offered
    );
    if let Some(chosen) = negotiate::chosen_protocol(&headers) {
        assert_eq!(offered, [chosen]);
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let size = usize::from(choice) + 1;
    let cut = capsules(bytes, size);
    assert_eq!(cut, capsules(bytes, bytes.len().max(1)));
    let written: Vec<Capsule> = cut.0.into_iter().filter(|capsule| *capsule != Capsule::Prohibited).collect();
    let mut out = Vec::new();
    for capsule in &written {
        capsule.write(&mut out);
    }
    assert_eq!(capsules(&out, size), (written, Ok(())));
    session(bytes, size, u64::from(choice & 1));
    protocols(bytes);
});
