//! Forms of log entries (`caddy.logging.encoders`).

mod append;
mod console;
pub mod filter;
mod journald;
mod json;

pub use append::Append;
pub use console::Console;
pub use filter::{FieldFilter, Filter};
pub use journald::Journald;
pub use json::Json;

use crate::module::modules;

modules! {
    /// A form of log entries.
    pub enum Encoder in "caddy.logging.encoders" by "format" {
        Append(Append) = "append",
        Console(Box<Console>) = "console",
        Filter(Filter) = "filter",
        Journald(Journald) = "journald",
        Json(Box<Json>) = "json",
    }
}

impl From<Console> for Encoder {
    fn from(encoder: Console) -> Self {
        Self::Console(Box::new(encoder))
    }
}

impl From<Json> for Encoder {
    fn from(encoder: Json) -> Self {
        Self::Json(Box::new(encoder))
    }
}
