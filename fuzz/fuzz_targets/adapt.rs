//! Adapting ends with findings or with a JSON that loads and is written the same again, whatever the text. The text is the
//! main file and the only file that can be imported.
#![no_main]

mod world;

use caddis_adapter::{Registry, adapt};
use caddis_config::Config;
use libfuzzer_sys::fuzz_target;

use world::World;

fuzz_target!(|text: &str| {
    let adapted = adapt("Caddyfile", text, &World(text), &World(text), &Registry::standard());
    let json = adapted.config.to_json();
    if adapted.has_errors() {
        return;
    }
    let read = Config::from_json(json.as_bytes()).expect("the JSON loads");
    assert_eq!(read.to_json(), json);
});
