//! The matcher `path`.

use crate::object::transparent;

transparent! {
    /// Matches the path of the URI, cleaned and decoded, without regard to case.
    pub struct Path(
        /// Paths; `*` at the start, the end or both matches any text, elsewhere up to the next `/`. A pattern
        /// with `%` is compared with the path as it was escaped.
        pub Vec<String>
    ) or null;
}
