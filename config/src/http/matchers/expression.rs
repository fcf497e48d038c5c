//! The matcher `expression`.

use serde_json::Value;

use crate::ConfigError;
use crate::decode::{Decode, Fields, Options};
use crate::encode::{Encode, Writer};

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

impl Encode for Expression {
    fn encode(&self, out: &mut Writer) {
        if self.name.is_empty() {
            return out.string(&self.expr);
        }
        out.object(|object| {
            object.entry("expr", &self.expr);
            object.entry("name", &self.name);
        });
    }
}
