//! The app `caddy.filesystems`: file systems by name.

use crate::module::modules;
use crate::object::object;

object! {
    /// The app `caddy.filesystems`.
    pub struct App {
        /// The file systems; `default` is the system's own.
        pub filesystems(always): Vec<NamedFileSystem>,
    }
}

object! {
    /// A file system and its name.
    pub struct NamedFileSystem {
        /// The name that `fs` refers to.
        pub name: String,
        /// The file system.
        pub file_system: Option<FileSystem>,
    }
}

modules! {
    /// A file system; the standard distribution has none.
    pub enum FileSystem in "caddy.fs" by "backend" {}
}
