//! Loaders of leaf certificates (`tls.leaf_cert_loader`).

mod file;
mod folder;
mod pem;
mod storage;

pub use file::File;
pub use folder::Folder;
pub use pem::Pem;
pub use storage::StorageLoader;

use crate::module::modules;

modules! {
    /// A source of leaf certificates.
    pub enum LeafLoader in "tls.leaf_cert_loader" by "loader" {
        File(File) = "file",
        Folder(Folder) = "folder",
        Pem(Pem) = "pem",
        Storage(StorageLoader) = "storage",
    }
}
