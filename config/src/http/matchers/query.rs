//! The matcher `query`.

use std::collections::BTreeMap;

use crate::object::transparent;

transparent! {
    /// Matches the query of the URI: each key must have one of its values, `*` being any. Without keys it asks for
    /// an empty query.
    pub struct Query(
        /// Values by key; placeholders allowed.
        pub BTreeMap<String, Vec<String>>
    );
}
