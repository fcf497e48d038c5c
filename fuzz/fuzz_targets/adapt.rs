//! Adapting ends with findings or with a JSON that loads and is written the same again, whatever the text. The text is the
//! main file and the only file that can be imported.
#![no_main]

use caddis_adapter::{Registry, adapt};
use caddis_config::Config;
use caddis_grammar::{Environment, Files, ReadError};
use libfuzzer_sys::fuzz_target;

struct World<'a>(&'a str);

impl Files for World<'_> {
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(if pattern == "/f" || pattern.contains('*') { vec!["/f".to_owned()] } else { Vec::new() })
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, ReadError> {
        Ok(self.0.as_bytes().to_vec())
    }
}

impl Environment for World<'_> {
    fn var(&self, name: &str) -> Option<String> {
        (name == "X").then(|| "x {\n\t\"".to_owned())
    }
}

fuzz_target!(|text: &str| {
    let adapted = adapt("Caddyfile", text, &World(text), &World(text), &Registry::standard());
    let json = adapted.config.to_json();
    if adapted.has_errors() {
        return;
    }
    let read = Config::from_json(json.as_bytes()).expect("the JSON loads");
    assert_eq!(read.to_json(), json);
});
