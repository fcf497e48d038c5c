//! The matcher `url_pattern`.

use crate::object::object;

object! {
    /// Matches the URL by a pattern of the WHATWG URL Pattern standard; groups are `{http.url_pattern.*}`.
    pub struct UrlPattern {
        /// The pattern.
        pub pattern: String,
        /// URL that a relative pattern is resolved against.
        pub base_url: String,
        /// Compares without regard to case.
        pub ignore_case: bool,
    }
}
