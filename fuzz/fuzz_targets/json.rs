//! Reading a configuration ends with an error or with one that is written and read the same again, and that can be
//! checked.
#![no_main]

use caddis_config::{Config, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = Config::from_json(bytes) else { return };
    let json = config.to_json();
    let again = Config::from_json(json.as_bytes()).expect("what was written can be read");
    assert_eq!(again.to_json(), json);
    drop(check(&config));
});
