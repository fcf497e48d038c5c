//! What Go's libraries print and accept, where it shows in the JSON or in an error text.

pub mod duration;
pub mod filepath;
pub mod float;
pub mod header;
pub mod host_port;
pub mod html;
pub mod number;
pub mod quote;
pub mod size;
