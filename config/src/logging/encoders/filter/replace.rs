//! The filter `replace`.

use crate::object::object;

object! {
    /// Replaces the value.
    pub struct Replace {
        /// The new value.
        pub value: String,
    }
}
