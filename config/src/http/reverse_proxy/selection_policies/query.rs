//! The policy `query`.

use super::SelectionPolicy;
use crate::object::object;

object! {
    /// By the values of a key of the query: the same values, the same upstream.
    pub struct Query {
        /// The key.
        pub key: String,
        /// Policy for requests without it. Default: random.
        pub fallback: Option<Box<SelectionPolicy>>,
    }
}
