//! The matcher `vars_regexp`.

use std::collections::BTreeMap;

use crate::http::RegexpMatch;
use crate::object::transparent;

transparent! {
    /// Matches variables or placeholders by regular expression; one match is enough.
    pub struct VarsRegexp(
        /// Expressions by variable, or by placeholder in braces.
        pub BTreeMap<String, RegexpMatch>
    );
}
