//! The handler `headers`.

use std::collections::BTreeMap;

use crate::http::{self, ResponseMatcher};
use crate::object::object;

object! {
    /// Changes header fields of the request and of the response.
    pub struct Headers {
        /// Changes of the request.
        pub request: Option<HeaderOps>,
        /// Changes of the response.
        pub response: Option<ResponseHeaderOps>,
    }
}

object! {
    /// Changes of a header, applied in this order. Names and values may hold placeholders.
    pub struct HeaderOps {
        /// Values to add.
        pub add: http::Headers,
        /// Values to set, in place of all others of that name.
        pub set: http::Headers,
        /// Names to delete; `*` at either end is a wildcard.
        pub delete: Vec<String>,
        /// Replacements within the values of a name; the name `*` is every name.
        pub replace: BTreeMap<String, Vec<HeaderReplacement>>,
    }
}

object! {
    /// Changes of the header of a response.
    pub struct ResponseHeaderOps {
        /// Values to add.
        pub add: http::Headers,
        /// Values to set, in place of all others of that name.
        pub set: http::Headers,
        /// Names to delete; `*` at either end is a wildcard.
        pub delete: Vec<String>,
        /// Replacements within the values of a name; the name `*` is every name.
        pub replace: BTreeMap<String, Vec<HeaderReplacement>>,
        /// Which responses. Default: all. Implies `deferred`.
        pub require: Option<ResponseMatcher>,
        /// Waits until the header is written, so that fields set by later handlers are seen.
        pub deferred: bool,
    }
}

impl From<HeaderOps> for ResponseHeaderOps {
    fn from(HeaderOps { add, set, delete, replace }: HeaderOps) -> Self {
        Self { add, set, delete, replace, require: None, deferred: false }
    }
}

object! {
    /// A replacement within values; one of the two searches is given.
    pub struct HeaderReplacement {
        /// Text to search for.
        pub search: String,
        /// Regular expression to search for.
        pub search_regexp: String,
        /// What to put there; `$1` and `${name}` are groups of the expression.
        pub replace: String,
    }
}
