//! The matcher `expression`.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::ConfigError;
use crate::decode::{Decode, Fields, Options};

/// Matches if a CEL expression is true. In JSON the bare text, or an object if it has a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expression {
    /// The expression; placeholders are values in it.
    pub expr: String,
    /// Name under which the groups of regular expressions in it become placeholders.
    pub name: String,
}

impl Decode for Expression {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        if let Value::String(expr) = value {
            return Ok(Self { expr, name: String::new() });
        }
        let mut fields = Fields::of(value, options)?;
        let expression = Self { expr: fields.take("expr")?, name: fields.take("name")? };
        fields.finish(&["expr", "name"])?;
        Ok(expression)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.name.is_empty() {
            return serializer.serialize_str(&self.expr);
        }
        let mut object = serializer.serialize_map(Some(2))?;
        object.serialize_entry("expr", &self.expr)?;
        object.serialize_entry("name", &self.name)?;
        object.end()
    }
}
