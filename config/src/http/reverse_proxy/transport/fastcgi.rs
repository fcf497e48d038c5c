//! The transport `fastcgi`.

use std::collections::BTreeMap;

use crate::object::object;
use crate::value::Duration;

object! {
    /// FastCGI, as PHP-FPM speaks it.
    pub struct FastCgi {
        /// Folder of the scripts. Default: `{http.vars.root}`, else the working folder. Placeholders allowed.
        pub root: String,
        /// The path is split after the first of these: script name, path info.
        pub split_path: Vec<String>,
        /// Resolves `root` if it is a symbolic link.
        pub resolve_root_symlink: bool,
        /// Further variables. Placeholders allowed.
        pub env: BTreeMap<String, String>,
        /// Time to connect. Default: 3s.
        pub dial_timeout: Duration,
        /// Time to wait for data. Default: no limit.
        pub read_timeout: Duration,
        /// Time to send data. Default: no limit.
        pub write_timeout: Duration,
        /// Logs what the upstream writes to its standard error.
        pub capture_stderr: bool,
    }
}
