//! The policy `first`.

use crate::object::object;

object! {
    /// The first that is available, in the order of the configuration.
    pub struct First {}
}
