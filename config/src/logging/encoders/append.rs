//! The encoder `append`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Encoder;
use crate::object::object;

object! {
    /// Adds fields to every entry.
    pub struct Append {
        /// The encoder behind. Default: that of the log.
        pub wrap: Option<Box<Encoder>>,
        /// Values by name. Placeholders allowed.
        pub fields: BTreeMap<String, Value>,
    }
}
