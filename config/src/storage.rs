//! Where certificates and other assets are kept (`caddy.storage`).

mod file_system;

pub use file_system::FileSystem;

use crate::module::modules;

modules! {
    /// A storage.
    pub enum Storage in "caddy.storage" by "module" {
        FileSystem(FileSystem) = "file_system",
    }
}
