//! The storage `file_system`.

use crate::object::object;

object! {
    /// Files in a folder.
    pub struct FileSystem {
        /// The folder. Default: `caddy` in the data folder of the user.
        pub root: String,
    }
}
