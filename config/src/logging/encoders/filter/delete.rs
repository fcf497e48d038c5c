//! The filter `delete`.

use crate::object::object;

object! {
    /// Removes the field.
    pub struct Delete {}
}
