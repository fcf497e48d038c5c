//! Hashes of passwords (`http.authentication.hashes`).

mod argon2id;
mod bcrypt;

pub use argon2id::Argon2id;
pub use bcrypt::Bcrypt;

use crate::module::modules;

modules! {
    /// A hash of passwords.
    pub enum Hash in "http.authentication.hashes" by "algorithm" {
        Argon2id(Argon2id) = "argon2id",
        Bcrypt(Bcrypt) = "bcrypt",
    }
}
