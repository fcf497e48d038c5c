//! The writer `file`.

use serde_json::Value;

use crate::decode::{Decode, Options};
use crate::encode::{Encode, Writer};
use crate::object::object;
use crate::value::Duration;
use crate::{ConfigError, go};

object! {
    /// A file, rolled when it has grown.
    pub struct File {
        /// Its name. Placeholders allowed.
        pub filename: String,
        /// Its permissions. Default: 0600.
        pub mode: FileMode,
        /// Permissions of folders that are made: octal, `inherit` or `from_file`. Default: 0700.
        pub dir_mode: String,
        /// Default: yes.
        pub roll: Option<bool>,
        /// Size in MiB at which it is rolled. Default: 100.
        pub roll_size_mb: i64,
        /// Time after which it is rolled. Default: never.
        pub roll_interval: Duration,
        /// Minutes of each hour at which it is rolled.
        pub roll_minutes: Vec<i64>,
        /// Times of day (`hh:mm`) at which it is rolled.
        pub roll_at: Vec<String>,
        /// Deprecated: `roll_compression` gzip or none.
        pub roll_gzip: Option<bool>,
        /// `gzip` (default), `zstd` or `none`.
        pub roll_compression: String,
        /// Uses local time in the names of rolled files. Default: UTC.
        pub roll_local_time: bool,
        /// Most rolled files that are kept. Default: 10.
        pub roll_keep: i64,
        /// Days for which they are kept. Default: 90.
        pub roll_keep_days: i64,
        /// Time in the names of rolled files, in Go's notation.
        pub backup_time_format: String,
    }
}

/// Permissions of a file. In JSON a string of octal digits, written with at least four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl FileMode {
    /// Reads octal digits.
    ///
    /// # Errors
    /// `strconv.ParseUint: parsing "x": invalid syntax`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mode = go::number::parse_uint(&format!("{text:0>4}"), 8, 32)?;
        Ok(Self(u32::try_from(mode).expect("parsed with 32 bits")))
    }
}

impl Decode for FileMode {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        Self::parse(&String::decode(value, options)?).map_err(ConfigError::new)
    }
}

impl Encode for FileMode {
    fn encode(&self, out: &mut Writer) {
        out.string(&format!("{:04o}", self.0));
    }
}
