//! Neighbours compressed by Brotli.

use crate::object::object;

object! {
    /// Files with the suffix `.br`.
    pub struct Br {}
}
