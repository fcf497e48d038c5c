//! Keys of session tickets (`tls.stek`).

mod distributed;
mod standard;

pub use distributed::Distributed;
pub use standard::Standard;

use crate::module::modules;

modules! {
    /// A source of session ticket keys.
    pub enum KeySource in "tls.stek" by "provider" {
        Distributed(Distributed) = "distributed",
        Standard(Standard) = "standard",
    }
}
