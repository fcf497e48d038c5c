//! The source `standard`.

use crate::object::object;

object! {
    /// Keys made by and for this process.
    pub struct Standard {}
}
