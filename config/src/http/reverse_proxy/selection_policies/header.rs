//! The policy `header`.

use super::SelectionPolicy;
use crate::object::object;

object! {
    /// By the value of a header field: one value, one upstream.
    pub struct Header {
        /// Name of the field.
        pub field: String,
        /// Policy for requests without it. Default: random.
        pub fallback: Option<Box<SelectionPolicy>>,
    }
}
