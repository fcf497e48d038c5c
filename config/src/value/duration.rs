//! A span of time in the configuration: nanoseconds in JSON, Go's notation accepted as well.

use std::fmt;

use serde_json::Value;

use crate::decode::{Decode, Options, mismatch};
use crate::encode::{Encode, Writer};
use crate::{ConfigError, go};

/// Nanoseconds, possibly negative. In JSON an integer, or a text such as `1m30s` or `2d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

impl Duration {
    /// So many whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// So many whole milliseconds.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds * 1_000_000)
    }

    /// Reads Go's notation, with Caddy's unit `d` for days of 24 hours.
    ///
    /// # Errors
    /// The text of Go's `time.ParseDuration`.
    pub fn parse(text: &str) -> Result<Self, String> {
        go::duration::parse(text).map(Self)
    }

    /// Whether it is zero, which almost every field takes for "not set".
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// As a time to wait; `None` if negative.
    pub fn to_std(self) -> Option<std::time::Duration> {
        u64::try_from(self.0).ok().map(std::time::Duration::from_nanos)
    }

    /// As a time to wait, `default` if zero; `None` if negative, which turns most limits off.
    pub fn or(self, default: Self) -> Option<std::time::Duration> {
        if self.is_zero() { default.to_std() } else { self.to_std() }
    }
}

/// `1m30s`, as Go prints it.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&go::duration::format(self.0))
    }
}

impl Encode for Duration {
    fn encode(&self, out: &mut Writer) {
        out.integer(self.0);
    }
}

impl Decode for Duration {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        match &value {
            Value::String(text) => Self::parse(text).map_err(ConfigError::new),
            other => other
                .as_i64()
                .map(Self)
                .ok_or_else(|| mismatch("a duration (nanoseconds, or a text such as \"30s\")", other)),
        }
    }
}
