//! The encoder `json`.

use crate::object::object;

object! {
    /// One JSON object a line. A key that is empty leaves its part out.
    pub struct Json {
        /// Key of the message. Default: `msg`.
        pub message_key: Option<String>,
        /// Key of the level. Default: `level`.
        pub level_key: Option<String>,
        /// Key of the time. Default: `ts`.
        pub time_key: Option<String>,
        /// Key of the name of the logger. Default: `logger`.
        pub name_key: Option<String>,
        /// Key of the caller. Default: `caller`.
        pub caller_key: Option<String>,
        /// Key of the stack trace. Default: `stacktrace`.
        pub stacktrace_key: Option<String>,
        /// End of each entry. Default: a newline.
        pub line_ending: Option<String>,
        /// `unix_seconds_float`, `unix_milli_float`, `unix_nano`, `iso8601`, `rfc3339`, `rfc3339_nano`, `wall`,
        /// `wall_milli`, `wall_nano`, `common_log`, or a layout in Go's notation. Default: `unix_seconds_float`.
        pub time_format: String,
        /// Local time instead of UTC.
        pub time_local: bool,
        /// `s` (default), `ms`, `ns` or `string`.
        pub duration_format: String,
        /// `lower` (default), `upper` or `color`.
        pub level_format: String,
    }
}
