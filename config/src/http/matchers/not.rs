//! The matcher `not`.

use crate::http::MatcherSet;
use crate::object::transparent;

transparent! {
    /// Matches if none of some matcher sets does.
    pub struct Not(
        /// The sets.
        pub Vec<MatcherSet>
    );
}
