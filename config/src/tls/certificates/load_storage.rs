//! The source `load_storage`.

use super::CertificateFiles;
use crate::object::object;

object! {
    /// Certificates and keys in the storage of the configuration.
    pub struct LoadStorage {
        /// The pairs; their files are keys of the storage.
        pub pairs: Vec<CertificateFiles>,
    }
}
