//! The source `load_storage`.

use super::CertificateFiles;
use crate::object::object;
use crate::storage::Storage;

object! {
    /// Certificates and keys in a storage.
    pub struct LoadStorage {
        /// The pairs; their files are keys of the storage.
        pub pairs: Vec<CertificateFiles>,
        /// The storage. Default: the one of the configuration.
        pub storage: Option<Storage>,
    }
}
