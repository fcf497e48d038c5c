//! Strict reading of JSON values into types: unknown fields, unknown modules and wrong types are errors with a path.
//!
//! It is not serde's `Deserialize` because three things are wanted at every level that serde has no place for:
//! the JSON pointer of an error, `null` meaning "not set" as in Go, and the modules an embedding program adds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::ConfigError;

/// What else than the modelled modules is accepted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    modules: BTreeSet<String>,
    any_module: bool,
}

impl Options {
    /// Accepts the module `id` (`http.handlers.cache`) and keeps its configuration as a value.
    pub fn register(&mut self, id: impl Into<String>) -> &mut Self {
        self.modules.insert(id.into());
        self
    }

    /// Accepts every module name, for tools that look at configurations of other builds of Caddy.
    pub fn allow_unknown_modules(&mut self) -> &mut Self {
        self.any_module = true;
        self
    }

    pub(crate) fn accepts(&self, id: &str) -> bool {
        self.any_module || self.modules.contains(id)
    }
}

/// A type that can be read from a JSON value.
pub trait Decode: Sized {
    /// Reads `value`; the path of an error is relative to it.
    ///
    /// # Errors
    /// The first thing in `value` that does not fit the type.
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError>;
}

/// Reads a type from a JSON value, knowing only the modules modelled here.
///
/// # Errors
/// As [`Decode::decode`].
pub fn from_value<T: Decode>(value: Value) -> Result<T, ConfigError> {
    T::decode(value, &Options::default())
}

/// The error for a value of the wrong type.
pub(crate) fn mismatch(expected: &str, found: &Value) -> ConfigError {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the string {value:?}"),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    ConfigError::new(format!("expected {expected}, found {found}"))
}

/// The members of an object, taken out one by one so that what remains is unknown.
pub(crate) struct Fields<'o> {
    members: Map<String, Value>,
    options: &'o Options,
}

impl<'o> Fields<'o> {
    pub(crate) fn of(value: Value, options: &'o Options) -> Result<Self, ConfigError> {
        match value {
            Value::Object(members) => Ok(Self { members, options }),
            other => Err(mismatch("an object", &other)),
        }
    }

    /// The field `name`, or its default if it is absent or `null`.
    pub(crate) fn take<T: Decode + Default>(&mut self, name: &str) -> Result<T, ConfigError> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(T::default()),
            Some(value) => T::decode(value, self.options).map_err(|error| error.within(name)),
        }
    }

    /// The flag `name`, which an object under the name `object` sets as well.
    pub(crate) fn take_flag(&mut self, name: &str, object: &str) -> Result<bool, ConfigError> {
        let flag = self.take(name)?;
        match self.members.remove(object) {
            None | Some(Value::Null) => Ok(flag),
            Some(Value::Object(members)) => {
                Fields { members, options: self.options }
                    .finish(&[])
                    .map_err(|error| error.within(object))?;
                Ok(true)
            }
            Some(other) => Err(mismatch("an object", &other).within(object)),
        }
    }

    /// The members that have not been taken.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.members
    }

    pub(crate) fn finish(self, known: &[&str]) -> Result<(), ConfigError> {
        let Some(name) = self.members.keys().next() else { return Ok(()) };
        let mut message = format!("unknown field {name:?}");
        if let Some(similar) = similar(name, known) {
            message.push_str(&format!(", did you mean {similar:?}?"));
        }
        Err(ConfigError::new(message).within(name))
    }
}

/// The known name that `name` is most likely a misspelling of.
pub(crate) fn similar<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let limit = 1 + name.len() / 4;
    let candidates = known.iter().map(|candidate| (edit_distance(name, candidate), *candidate));
    candidates.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replace = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

impl Decode for Value {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        Ok(value)
    }
}

impl Decode for bool {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        value.as_bool().ok_or_else(|| mismatch("true or false", &value))
    }
}

impl Decode for i64 {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        value.as_i64().ok_or_else(|| mismatch("an integer", &value))
    }
}

impl Decode for f64 {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        value.as_f64().ok_or_else(|| mismatch("a number", &value))
    }
}

impl Decode for String {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(mismatch("a string", &other)),
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        if value.is_null() { Ok(None) } else { T::decode(value, options).map(Some) }
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        T::decode(value, options).map(Box::new)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                items
                    .map(|(index, item)| T::decode(item, options).map_err(|error| error.within(index)))
                    .collect()
            }
            other => Err(mismatch("an array", &other)),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(members) => members
                .into_iter()
                .map(|(key, member)| match T::decode(member, options) {
                    Ok(member) => Ok((key, member)),
                    Err(error) => Err(error.within(key)),
                })
                .collect(),
            other => Err(mismatch("an object", &other)),
        }
    }
}
