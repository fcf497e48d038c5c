//! The handler `map`.

use serde_json::Value;

use crate::object::object;

object! {
    /// Gives placeholders a value by looking one up in a table, when they are used.
    pub struct Map {
        /// The value to look up, usually a placeholder.
        pub source: String,
        /// Placeholders to define, in braces.
        pub destinations: Vec<String>,
        /// The table; the first entry that matches is used.
        pub mappings: Vec<Mapping>,
        /// Values, one for each destination, if nothing matches.
        pub defaults: Vec<String>,
    }
}

object! {
    /// An entry of the table; one of the two inputs is given.
    pub struct Mapping {
        /// The text that the source must equal.
        pub input: String,
        /// The regular expression that the source must match.
        pub input_regexp: String,
        /// Values, one for each destination; `null` goes on to the next entry. `$1` and `${name}` are groups.
        pub outputs: Vec<Value>,
    }
}
