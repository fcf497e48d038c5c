//! Sources of address ranges (`http.ip_sources`).

mod r#static;

pub use r#static::StaticRanges;

use crate::module::modules;

modules! {
    /// Where a list of address ranges comes from.
    pub enum IpSource in "http.ip_sources" by "source" {
        Static(StaticRanges) = "static",
    }
}
