//! The writer `stdout`.

use crate::object::object;

object! {
    /// Standard output.
    pub struct Stdout {}
}
