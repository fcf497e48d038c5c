//! Cores of logs (`caddy.logging.cores`).

mod mock;

pub use mock::Mock;

use crate::module::modules;

modules! {
    /// What takes entries in place of encoder and writer.
    pub enum Core in "caddy.logging.cores" by "module" {
        Mock(Mock) = "mock",
    }
}
