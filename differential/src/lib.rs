//! Random valid Caddyfiles, and what Caddis and Caddy make of them.
//!
//! `cargo run --package caddis-differential -- --files 20000 --seed 1 --caddy caddy` compares; the library's tests use
//! the same files for what can be checked without Caddy.

pub mod adapted;
pub mod caddy;
pub mod compare;
pub mod generate;
pub mod language;
pub mod mutate;
pub mod random;
pub mod shrink;
pub mod syntax;
pub mod text;
pub mod values;
