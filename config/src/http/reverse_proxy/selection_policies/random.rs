//! The policy `random`.

use crate::object::object;

object! {
    /// At random.
    pub struct Random {}
}
