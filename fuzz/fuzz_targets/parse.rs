//! The tree holds every byte, and diagnostics can be drawn in every format.
#![no_main]

use caddis_grammar::{FORMATS, Sources, parse, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = parse(text);
    assert_eq!(parsed.tree.text(), text);
    let mut sources = Sources::default();
    sources.add("Caddyfile", text);
    for (_, format) in FORMATS {
        let drawn = render(&parsed.diagnostics, &sources, format);
        assert!(parsed.diagnostics.is_empty() || !drawn.is_empty());
    }
});
