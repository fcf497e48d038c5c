//! A text that JSON may also hold as a number or a truth value: status codes.

use std::fmt;

use serde_json::Value;

use crate::decode::{Decode, Options};
use crate::encode::{Encode, Writer};
use crate::{ConfigError, go};

/// A text, often a number, often with placeholders. Written as `true`, `false` or an integer if it reads as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeakString(pub String);

impl WeakString {
    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The integer that the text is, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        go::number::atoi(&self.0).ok()
    }
}

impl fmt::Display for WeakString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for WeakString {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for WeakString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<i64> for WeakString {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl Encode for WeakString {
    fn encode(&self, out: &mut Writer) {
        match (self.0.as_str(), self.as_integer()) {
            ("true", _) => out.bool(true),
            ("false", _) => out.bool(false),
            (_, Some(number)) => out.integer(number),
            (text, None) => out.string(text),
        }
    }
}

impl Decode for WeakString {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        Ok(Self(match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::WeakString;
    use crate::{from_value, to_json};

    #[test]
    fn round_trip() {
        for (value, text, written) in [
            (json!("0404"), "0404", "404"),
            (json!(200), "200", "200"),
            (json!(true), "true", "true"),
            (json!("false"), "false", "false"),
            (json!("{http.error.status_code}"), "{http.error.status_code}", r#""{http.error.status_code}""#),
            (json!(null), "", r#""""#),
        ] {
            let weak: WeakString = from_value(value).unwrap();
            assert_eq!((weak.as_str(), to_json(&weak).as_str()), (text, written));
        }
    }
}
