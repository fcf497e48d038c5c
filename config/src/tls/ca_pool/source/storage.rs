//! The source `storage`.

use crate::object::object;
use crate::storage::Storage;

object! {
    /// Authorities in PEM from a storage.
    pub struct StoragePool {
        /// The storage. Default: the one of the configuration.
        pub storage: Option<Storage>,
        /// Keys of the PEM files.
        pub pem_keys: Vec<String>,
    }
}
