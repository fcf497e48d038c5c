//! The whole configuration.

use serde_json::Value;

use crate::admin::Admin;
use crate::decode::{Decode, Options};
use crate::logging::Logging;
use crate::object::object;
use crate::storage::Storage;
use crate::{Apps, ConfigError, encode};

object! {
    /// The whole configuration.
    pub struct Config {
        /// The administration endpoint.
        pub admin: Option<Admin>,
        /// The logs. Default: one, to standard error.
        pub logging: Option<Logging>,
        /// Where certificates are kept. Default: files in the data folder of the user.
        pub storage: Option<Storage>,
        /// What runs.
        pub apps: Apps,
    }
}

impl Config {
    /// Reads JSON. Objects may carry an `@id`, which is not part of the configuration.
    ///
    /// # Errors
    /// A syntax error, or the first thing in the JSON that is no configuration.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Self::from_json_with(json, &Options::default())
    }

    /// Reads JSON with more modules than those modelled here.
    ///
    /// # Errors
    /// As [`Config::from_json`].
    pub fn from_json_with(json: &[u8], options: &Options) -> Result<Self, ConfigError> {
        let mut value: Value =
            serde_json::from_slice(json).map_err(|error| ConfigError::new(error.to_string()))?;
        crate::ids::strip(&mut value);
        Self::decode(value, options)
    }

    /// Writes JSON as Caddy does, on one line.
    pub fn to_json(&self) -> String {
        encode::to_json(self)
    }

    /// Writes JSON as Caddy does, indented with tabs.
    pub fn to_json_pretty(&self) -> String {
        encode::to_json_pretty(self)
    }
}
