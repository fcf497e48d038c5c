//! The source `distributed`.

use crate::object::object;
use crate::storage::Storage;

object! {
    /// Keys shared through a storage.
    pub struct Distributed {
        /// The storage. Default: the one of the configuration.
        pub storage: Option<Storage>,
    }
}
