//! The matcher `vars`.

use std::collections::BTreeMap;

use crate::object::transparent;

transparent! {
    /// Matches variables or placeholders; it is enough that one has one of its values.
    pub struct Vars(
        /// Values by variable, or by placeholder in braces.
        pub BTreeMap<String, Vec<String>>
    );
}
