//! The filter `hash`.

use crate::object::object;

object! {
    /// Replaces the value by the first 4 bytes of its SHA-256 in hex.
    pub struct Hash {}
}
