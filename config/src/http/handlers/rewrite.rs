//! The handler `rewrite`.

use crate::object::object;

object! {
    /// Changes method and URI for the later handlers, in this order. Placeholders allowed.
    pub struct Rewrite {
        /// The method.
        pub method: String,
        /// The path, the query (`?…`), or both; what is not given is kept.
        pub uri: String,
        /// A prefix of the path to remove.
        pub strip_path_prefix: String,
        /// A suffix of the path to remove.
        pub strip_path_suffix: String,
        /// Texts to replace within the URI.
        pub uri_substring: Vec<SubstringReplacement>,
        /// Expressions to replace within the path.
        pub path_regexp: Vec<RegexpReplacement>,
        /// Changes of the query.
        pub query: Option<QueryOps>,
    }
}

object! {
    /// A text to replace.
    pub struct SubstringReplacement {
        /// What to search for.
        pub find: String,
        /// What to put there.
        pub replace: String,
        /// Most replacements; 0 is all.
        pub limit: i64,
    }
}

object! {
    /// An expression to replace.
    pub struct RegexpReplacement {
        /// The regular expression.
        pub find: String,
        /// What to put there; `$1` and `${name}` are groups.
        pub replace: String,
    }
}

object! {
    /// Changes of the query, applied in this order.
    pub struct QueryOps {
        /// Gives the values of `key` the name `val`.
        pub rename: Vec<QueryArgument>,
        /// Sets `key` to `val`, in place of all its values.
        pub set: Vec<QueryArgument>,
        /// Adds `val` to `key`.
        pub add: Vec<QueryArgument>,
        /// Replaces within values.
        pub replace: Vec<QueryReplacement>,
        /// Keys to delete.
        pub delete: Vec<String>,
    }
}

object! {
    /// A key of the query and what belongs to it.
    pub struct QueryArgument {
        /// The key.
        pub key: String,
        /// Its value, or its new name.
        pub val: String,
    }
}

object! {
    /// A replacement within the values of a key; one of the two searches is given.
    pub struct QueryReplacement {
        /// The key; `*` is every key.
        pub key: String,
        /// Text to search for.
        pub search: String,
        /// Regular expression to search for.
        pub search_regexp: String,
        /// What to put there.
        pub replace: String,
    }
}
