//! The matcher `host`.

use crate::object::transparent;

transparent! {
    /// Matches the host of the request, without regard to case.
    pub struct Host(
        /// Host names; `*` stands for one label. Placeholders allowed.
        pub Vec<String>
    ) or null;
}
