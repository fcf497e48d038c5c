//! Certificates to load or to manage from the start (`tls.certificates`).

mod automate;
mod load_files;
mod load_folders;
mod load_pem;
mod load_storage;

pub use automate::Automate;
pub use load_files::{CertificateFiles, LoadFiles};
pub use load_folders::LoadFolders;
pub use load_pem::{CertificatePem, LoadPem};
pub use load_storage::LoadStorage;

use crate::module::modules;

modules! {
    /// A source of certificates.
    pub enum Certificates in "tls.certificates" {
        Automate(Automate) = "automate",
        LoadFiles(LoadFiles) = "load_files",
        LoadFolders(LoadFolders) = "load_folders",
        LoadPem(LoadPem) = "load_pem",
        LoadStorage(LoadStorage) = "load_storage",
    }
}
