//! Encoders of responses (`http.encoders`).

mod gzip;
mod zstd;

pub use gzip::Gzip;
pub use zstd::Zstd;

use crate::module::modules;

modules! {
    /// A compression of responses.
    pub enum Encoder in "http.encoders" {
        Gzip(Gzip) = "gzip",
        Zstd(Zstd) = "zstd",
    }
}
