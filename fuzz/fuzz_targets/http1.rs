//! Messages of HTTP/1.1 are refused, or go on to the other side of the proxy with one meaning: read again they are the same, however
//! their bytes came.
#![no_main]

use caddis_runtime::fuzzing::{request, response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(([how], bytes)) = input.split_first_chunk() else { return };
    let step = usize::from(how >> 3) + 1;
    match how & 4 {
        0 => request(bytes, step),
        _ => response(bytes, step, how & 1 != 0, how & 2 != 0),
    }
});
