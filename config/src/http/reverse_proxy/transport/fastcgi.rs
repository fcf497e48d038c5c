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
        /// Keeps connections for later requests. Default: no, each request has a connection of its own. Beyond Caddy.
        pub keep_alive: Option<FastCgiKeepAlive>,
    }
}

object! {
    /// Connections kept for later requests. A worker of PHP-FPM serves one connection, also while it waits: there have to be
    /// more workers than connections that may wait.
    pub struct FastCgiKeepAlive {
        /// How long a connection may wait. Default: 10s.
        pub idle_timeout: Duration,
        /// Most connections to one responder that wait. Default: one for each thread of the server.
        pub max_idle_conns: i64,
    }
}
