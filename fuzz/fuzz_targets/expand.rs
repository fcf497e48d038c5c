//! Expansion ends, whatever imports what. The text is the main file and the only file that can be imported.
#![no_main]

mod world;

use caddis_grammar::{Format, expand, render};
use libfuzzer_sys::fuzz_target;

use world::World;

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
