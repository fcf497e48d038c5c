//! The core `mock`.

use crate::object::object;

object! {
    /// Takes every entry and does nothing.
    pub struct Mock {}
}
