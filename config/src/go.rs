//! What Go's libraries print and accept, where it shows in the JSON or in an error text.

pub mod duration;
pub mod float;
pub mod header;
pub mod host_port;
pub mod html;
pub mod number;
pub mod path;
pub mod quote;
pub mod size;
pub mod url;

/// Go's package for the paths of files, which on Unix does as `path` does.
pub use path as filepath;
