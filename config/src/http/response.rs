//! Conditions on a response, and what to do with one that fits.

use super::{HeaderConditions, Route};
use crate::object::object;
use crate::value::WeakString;

object! {
    /// Conditions on a response; all must hold.
    pub struct ResponseMatcher {
        /// The status is one of these; a single digit is the whole class. Default: any.
        pub status_code: Vec<i64>,
        /// Conditions on the header.
        pub headers: HeaderConditions,
    }
}

impl ResponseMatcher {
    /// Whether the status is one that the matcher asks for.
    pub fn matches_status(&self, status: u16) -> bool {
        let status = i64::from(status);
        self.status_code.is_empty()
            || self.status_code.iter().any(|code| *code == status || *code == status / 100)
    }
}

object! {
    /// What to do with a response that matches.
    pub struct ResponseHandler {
        /// Which responses. Default: all.
        pub matchers("match"): Option<ResponseMatcher>,
        /// Replaces the status and nothing else; `routes` is then ignored. Placeholders allowed.
        pub status_code: WeakString,
        /// Routes to run instead of writing the response.
        pub routes: Vec<Route>,
    }
}
