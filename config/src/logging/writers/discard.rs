//! The writer `discard`.

use crate::object::object;

object! {
    /// Nowhere.
    pub struct Discard {}
}
