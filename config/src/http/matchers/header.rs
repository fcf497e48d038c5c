//! The matcher `header`.

use crate::http::HeaderConditions;
use crate::object::transparent;

transparent! {
    /// Matches header fields; each must have one of its values, in which `*` at either end is a wildcard.
    pub struct Header(
        /// The conditions.
        pub HeaderConditions
    );
}
