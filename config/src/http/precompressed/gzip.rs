//! Neighbours compressed by gzip.

use crate::object::object;

object! {
    /// Files with the suffix `.gz`.
    pub struct Gzip {}
}
