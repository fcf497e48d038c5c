//! The matcher `file`.

use crate::object::object;

object! {
    /// Matches if one of some files exists; sets `{http.matchers.file.*}` to what was found.
    pub struct File {
        /// Name of the file system. Default: the system's own.
        pub fs: String,
        /// Folder the names are relative to. Default: `{http.vars.root}`, else the working folder.
        pub root: String,
        /// Names to try; a trailing `/` asks for a folder, `=404` raises that error. Default: the path.
        pub try_files: Vec<String>,
        /// `first_exist` (default), `first_exist_fallback`, `smallest_size`, `largest_size` or `most_recently_modified`.
        pub try_policy: String,
        /// Splits the path after the first of these; the remainder is `{http.matchers.file.remainder}`.
        pub split_path: Vec<String>,
    }
}
