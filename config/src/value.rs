//! Values with a notation of their own in the JSON.

pub mod address;
pub mod duration;
pub mod json_path;
pub mod weak_string;

pub use address::NetworkAddress;
pub use duration::Duration;
pub use json_path::{JsonPath, Step};
pub use weak_string::WeakString;
