//! The writer `net`.

use crate::object::object;
use crate::value::Duration;

object! {
    /// A socket; reconnects every 10 s, meanwhile entries go to standard error.
    pub struct Net {
        /// Its address, `network/host:port`. Placeholders allowed.
        pub address: String,
        /// Time to connect. Default: no limit.
        pub dial_timeout: Duration,
        /// Starts even if nobody listens there yet.
        pub soft_start: bool,
    }
}
