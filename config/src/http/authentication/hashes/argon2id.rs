//! The hash `argon2id`.

use crate::object::object;

object! {
    /// Argon2id; its parameters are part of each hash.
    pub struct Argon2id {}
}
