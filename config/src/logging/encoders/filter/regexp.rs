//! The filter `regexp`.

use crate::object::object;

object! {
    /// Replaces what matches an expression.
    pub struct Regexp {
        /// The regular expression.
        pub regexp: String,
        /// What to put there; `$1` and `${name}` are groups.
        pub value: String,
    }
}
