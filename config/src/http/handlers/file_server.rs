//! The handler `file_server`.

use crate::http::precompressed::Precompressed;
use crate::module::ModuleMap;
use crate::object::object;
use crate::value::WeakString;

object! {
    /// Serves files.
    pub struct FileServer {
        /// Name of the file system. Default: the system's own. Placeholders allowed.
        pub fs: String,
        /// The folder. Default: `{http.vars.root}`, else the working folder. Placeholders allowed.
        pub root: String,
        /// Names and globs that are treated as if they did not exist; with a `/` compared with the whole path.
        pub hide: Vec<String>,
        /// Files that stand for their folder. Default: `index.html`, `index.txt`.
        pub index_names: Vec<String>,
        /// Lists folders that have no index. Default: 404.
        pub browse: Option<Browse>,
        /// Redirects so that folders, and only they, end in `/`. Default: yes.
        pub canonical_uris: Option<bool>,
        /// Status instead of 200. Placeholders allowed.
        pub status_code: WeakString,
        /// Passes on to the next handler instead of answering 404.
        pub pass_thru: bool,
        /// Compressed neighbours of a file that may be served in its place.
        pub precompressed: ModuleMap<Precompressed>,
        /// Order of preference among them when the client has none.
        pub precompressed_order: Vec<String>,
        /// Suffixes of neighbouring files that hold the ETag of a file.
        pub etag_file_extensions: Vec<String>,
    }
}

object! {
    /// How folders are listed.
    pub struct Browse {
        /// A template instead of the built-in page.
        pub template_file: String,
        /// Shows where symbolic links lead.
        pub reveal_symlinks: bool,
        /// What to sort by (`name`, `namedirfirst`, `size`, `time`) and in which order (`asc`, `desc`).
        pub sort: Vec<String>,
        /// Most files that are read from a folder. Default: 10000.
        pub file_limit: i64,
    }
}
