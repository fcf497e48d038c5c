//! Neighbours compressed by Zstandard.

use crate::object::object;

object! {
    /// Files with the suffix `.zst`.
    pub struct Zstd {}
}
