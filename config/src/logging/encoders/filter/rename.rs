//! The filter `rename`.

use crate::object::object;

object! {
    /// Renames the field.
    pub struct Rename {
        /// The new name.
        pub name: String,
    }
}
