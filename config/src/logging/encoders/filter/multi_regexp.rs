//! The filter `multi_regexp`.

use crate::object::object;

object! {
    /// Replaces what matches some expressions, one after the other.
    pub struct MultiRegexp {
        /// The replacements.
        pub operations(always or null): Vec<RegexpOperation>,
    }
}

object! {
    /// A replacement.
    pub struct RegexpOperation {
        /// The regular expression.
        pub regexp: String,
        /// What to put there; `$1` and `${name}` are groups.
        pub value: String,
    }
}
