//! The handler `timeouts`.

use crate::object::object;
use crate::value::Duration;

object! {
    /// Stall limits for the requests of a route, in place of the server's. Zero is no limit.
    pub struct Timeouts {
        /// How long a read of the body may stall.
        pub read_timeout: Duration,
        /// Bytes a second the client must send on average; only with `read_timeout`.
        pub read_min_rate: i64,
        /// How long a write may stall.
        pub write_timeout: Duration,
        /// Bytes a second the client must take on average; only with `write_timeout`.
        pub write_min_rate: i64,
        /// Largest write, in bytes, that one limit covers. Default: 65536.
        pub max_write_chunk: i64,
    }
}
