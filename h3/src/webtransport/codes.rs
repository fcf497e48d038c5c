//! Error codes of applications, which are a part of the codes of HTTP/3 (draft-ietf-webtrans-http3-15 section 4.4).

use crate::{Code, ids::is_reserved};

const FIRST: u64 = 0x52e4_a40f_a8db;
const LAST: u64 = 0x52e5_ac98_3162;

/// The code on the wire for an application's code.
#[must_use]
pub const fn to_http(code: u32) -> Code {
    let code = code as u64;
    // One in 31 codes on the wire is reserved, and skipped.
    Code::new(FIRST + code + code / 0x1e)
}

/// The application's code for one from the wire; `None` for those that are no application's: the stream was reset, and
/// there is nothing more to tell.
#[must_use]
pub const fn from_http(code: Code) -> Option<u32> {
    let value = code.value();
    if value < FIRST || value > LAST || is_reserved(value) {
        return None;
    }
    let shifted = value - FIRST;
    Some((shifted - shifted / 0x1f) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_to_the_wire_and_back() {
        let some = (0..200).chain([0xff, 0x1000, 0xffff, 0x1234_5678, u32::MAX - 1, u32::MAX]);
        for code in some {
            let http = to_http(code);
            assert!(!is_reserved(http.value()));
            assert_eq!(from_http(http), Some(code));
        }
        assert_eq!((to_http(0).value(), to_http(u32::MAX).value()), (FIRST, LAST));
        // A code that was seen on the wire between other implementations.
        assert_eq!(to_http(33).value(), FIRST + 34);
    }

    #[test]
    fn neighbours_of_a_reserved_code_are_neighbours() {
        assert_eq!((to_http(29).value(), to_http(30).value()), (0x52e4_a40f_a8f8, 0x52e4_a40f_a8fa));
        assert!(is_reserved(0x52e4_a40f_a8f9));
    }

    #[test]
    fn other_codes_are_no_application_s() {
        for code in [FIRST - 1, LAST + 1, 0x52e4_a40f_a8f9, 0, Code::WT_SESSION_GONE.value(), u64::MAX] {
            assert_eq!(from_http(Code::new(code)), None);
        }
    }
}
