//! Logs: which entries, in which form, to where.

pub mod cores;
pub mod encoders;
pub mod writers;

use std::collections::BTreeMap;

pub use cores::Core;
pub use encoders::{Encoder, FieldFilter};
pub use writers::Writer;

use crate::object::object;
use crate::value::Duration;

object! {
    /// The logs of the process.
    pub struct Logging {
        /// Where entries go that libraries write without a logger.
        pub sink: Option<Sink>,
        /// Logs by name; `default` takes what the others do not exclude from it.
        pub logs: BTreeMap<String, Log>,
    }
}

object! {
    /// A place for stray entries.
    pub struct Sink {
        /// Default: standard error.
        pub writer: Option<Writer>,
        /// Default: console on a terminal, otherwise JSON.
        pub encoder: Option<Encoder>,
        /// A core instead of writer and encoder.
        pub core: Option<Core>,
        /// Least level. Default: INFO.
        pub level: String,
        /// Drops repeated entries.
        pub sampling: Option<Sampling>,
        /// Adds file and line of the caller.
        pub with_caller: bool,
        /// Callers to skip for that.
        pub with_caller_skip: i64,
        /// Level from which on a stack trace is added.
        pub with_stacktrace: String,
    }
}

object! {
    /// A log.
    pub struct Log {
        /// Default: standard error.
        pub writer: Option<Writer>,
        /// Default: console on a terminal, otherwise JSON.
        pub encoder: Option<Encoder>,
        /// A core instead of writer and encoder.
        pub core: Option<Core>,
        /// Least level: DEBUG, INFO, WARN, ERROR, PANIC, FATAL. Default: INFO.
        pub level: String,
        /// Drops repeated entries.
        pub sampling: Option<Sampling>,
        /// Adds file and line of the caller.
        pub with_caller: bool,
        /// Callers to skip for that.
        pub with_caller_skip: i64,
        /// Level from which on a stack trace is added.
        pub with_stacktrace: String,
        /// Names of loggers, or prefixes of such. Default: all.
        pub include: Vec<String>,
        /// Names of loggers to leave out, or prefixes of such; the longest prefix decides.
        pub exclude: Vec<String>,
    }
}

object! {
    /// In each interval, the first entries of the same level and message are kept, then every so many.
    pub struct Sampling {
        /// Default: 1s.
        pub interval: Duration,
        /// How many are kept. Default: 100.
        pub first: i64,
        /// Of how many one is kept after that. Default: 100.
        pub thereafter: i64,
    }
}
