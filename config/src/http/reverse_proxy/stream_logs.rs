//! Logs of upgraded streams.

use crate::object::object;

object! {
    /// How upgraded streams are logged.
    pub struct StreamLogs {
        /// `debug` (default), `info`, `warn` or `error`.
        pub level: String,
        /// Default: `http.handlers.reverse_proxy.stream`; `access` is the access log of the server.
        pub logger_name: String,
        /// Writes no access log entry for the upgrade request.
        pub skip_handshake: bool,
    }
}
