//! The matcher `header_regexp`.

use std::collections::BTreeMap;

use crate::http::RegexpMatch;
use crate::object::transparent;

transparent! {
    /// Matches header fields by regular expression; all must match.
    pub struct HeaderRegexp(
        /// Expressions by name of the field.
        pub BTreeMap<String, RegexpMatch>
    );
}
