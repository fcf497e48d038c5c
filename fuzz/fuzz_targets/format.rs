//! Formatting changes no word, and formatting twice is formatting once.
#![no_main]

use caddis_grammar::format_checked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let once = format_checked(text).expect("the words are the same");
    let twice = format_checked(&once).expect("the words are the same");
    assert_eq!(once, twice);
});
