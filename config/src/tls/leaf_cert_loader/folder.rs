//! The loader `folder`.

use crate::object::object;

object! {
    /// Certificates in the `.pem` files of folders.
    pub struct Folder {
        /// The folders. Placeholders allowed.
        pub folders: Vec<String>,
    }
}
