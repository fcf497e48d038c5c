//! The handler `vars`.

use serde_json::{Map, Value};

use crate::ConfigError;
use crate::decode::{Decode, Options, mismatch};
use crate::encode::{Encode, Writer};

/// Sets variables, `{http.vars.<name>}`. Placeholders allowed in names and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vars(
    /// Values by name; the name `root` is where files are served from.
    pub Map<String, Value>,
);

impl Decode for Vars {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        match value {
            Value::Object(variables) => Ok(Self(variables)),
            other => Err(mismatch("an object", &other)),
        }
    }
}

impl Encode for Vars {
    fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
    }
}
