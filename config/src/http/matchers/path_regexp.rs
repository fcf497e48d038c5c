//! The matcher `path_regexp`.

use crate::http::RegexpMatch;
use crate::object::transparent;

transparent! {
    /// Matches the path of the URI, cleaned and decoded, by regular expression.
    pub struct PathRegexp(
        /// The expression.
        pub RegexpMatch
    );
}
