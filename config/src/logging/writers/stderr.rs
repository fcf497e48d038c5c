//! The writer `stderr`.

use crate::object::object;

object! {
    /// Standard error.
    pub struct Stderr {}
}
