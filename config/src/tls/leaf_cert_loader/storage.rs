//! The loader `storage`.

use crate::object::object;
use crate::storage::Storage;

object! {
    /// Certificates in PEM from a storage.
    pub struct StorageLoader {
        /// Keys of the PEM files. Placeholders allowed.
        pub certificates: Vec<String>,
        /// The storage. Default: the one of the configuration.
        pub storage: Option<Storage>,
    }
}
