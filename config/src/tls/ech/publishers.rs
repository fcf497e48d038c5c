//! Ways to publish ECH configurations (`tls.ech.publishers`).

mod dns;

pub use dns::Dns;

use crate::module::modules;

modules! {
    /// A way to publish ECH configurations.
    pub enum Publisher in "tls.ech.publishers" {
        Dns(Dns) = "dns",
    }
}
