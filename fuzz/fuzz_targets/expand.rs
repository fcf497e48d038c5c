//! Expansion ends, whatever imports what. The text is the main file and the only file that can be imported.
#![no_main]

use caddis_grammar::{Environment, Files, Format, ReadError, expand, render};
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
    // Imports multiply; what is tested here does not need many of them.
    if text.matches("import").count() > 6 {
        return;
    }
    let expanded = expand("Caddyfile", text, &World(text), &World(text));
    for format in [Format::Json, Format::Full] {
        let drawn = render(&expanded.diagnostics, &expanded.sources, format);
        assert!(expanded.diagnostics.is_empty() || !drawn.is_empty());
    }
});
