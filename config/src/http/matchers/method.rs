//! The matcher `method`.

use crate::object::transparent;

transparent! {
    /// Matches the method of the request.
    pub struct Method(
        /// Methods, in upper case.
        pub Vec<String>
    ) or null;
}
