//! The source `system`.

use crate::object::object;

object! {
    /// The authorities the system trusts.
    pub struct System {}
}
