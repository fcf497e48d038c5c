//! The filter `query`.

use crate::object::object;

object! {
    /// Changes the query of a URI.
    pub struct Query {
        /// The changes.
        pub actions(always or null): Vec<QueryAction>,
    }
}

object! {
    /// A change of one parameter.
    pub struct QueryAction {
        /// `replace`, `hash` or `delete`.
        pub kind("type" always): String,
        /// The parameter.
        pub parameter(always): String,
        /// The new value for `replace`.
        pub value: String,
    }
}
