//! How users are authenticated (`http.authentication`).

pub mod hashes;
pub mod providers;
