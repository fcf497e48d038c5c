//! Compressed neighbours of files (`http.precompressed`).

mod br;
mod gzip;
mod zstd;

pub use br::Br;
pub use gzip::Gzip;
pub use zstd::Zstd;

use crate::module::modules;

modules! {
    /// A kind of compressed neighbour that a file may have.
    pub enum Precompressed in "http.precompressed" {
        Br(Br) = "br",
        Gzip(Gzip) = "gzip",
        Zstd(Zstd) = "zstd",
    }
}
