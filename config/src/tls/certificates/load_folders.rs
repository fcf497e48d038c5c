//! The source `load_folders`.

use crate::object::transparent;

transparent! {
    /// Folders of which every `.pem` file holds a certificate and its key.
    pub struct LoadFolders(
        /// The folders. Placeholders allowed.
        pub Vec<String>
    );
}
