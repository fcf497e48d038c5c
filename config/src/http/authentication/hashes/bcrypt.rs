//! The hash `bcrypt`.

use crate::object::object;

object! {
    /// bcrypt; its parameters are part of each hash.
    pub struct Bcrypt {}
}
