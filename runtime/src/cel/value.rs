//! Values of expressions.

use std::{cmp::Ordering, sync::Arc};

use super::{evaluate::Failure, functions::time::Timestamp};
use crate::placeholder;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Arc<[Value]>),
    /// Keys are different from each other.
    Map(Arc<[(Value, Value)]>),
    /// In nanoseconds.
    Duration(i64),
    Timestamp(Timestamp),
    Type(&'static str),
    /// What matchers and placeholders are asked of.
    Request,
}

impl Value {
    pub(super) fn string(text: impl AsRef<str>) -> Self {
        Value::String(text.as_ref().into())
    }

    pub(super) fn list(members: impl IntoIterator<Item = Value>) -> Self {
        Value::List(members.into_iter().collect())
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::Type(_) => "type",
            Value::Request => "http.Request",
        }
    }

    /// Whether two values are equal. Numbers of different types are compared as numbers; other values of different
    /// types are different.
    pub(super) fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) | (Value::Request, Value::Request) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::String(left), Value::String(right)) => left == right,
            (Value::Bytes(left), Value::Bytes(right)) => left == right,
            (Value::Duration(left), Value::Duration(right)) => left == right,
            (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
            (Value::Type(left), Value::Type(right)) => left == right,
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len() && left.iter().zip(&**right).all(|(left, right)| left.equals(right))
            }
            (Value::Map(left), Value::Map(right)) => {
                let same = |(key, value): &(Value, Value)| {
                    other.get(key).is_some_and(|counterpart| counterpart.equals(value))
                };
                left.len() == right.len() && left.iter().all(same)
            }
            _ => numbers(self, other) == Some(Ordering::Equal),
        }
    }

    /// The order of two values; `None` if there is no order between their types, or one of them is no number.
    pub(super) fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
            (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
            (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
            (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
            (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
            _ => numbers(self, other),
        }
    }

    /// Whether the types of two values have an order.
    pub(super) fn is_comparable_with(&self, other: &Value) -> bool {
        self.is_number() && other.is_number() || self.is_ordered() && self.type_name() == other.type_name()
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Uint(_) | Value::Double(_))
    }

    fn is_ordered(&self) -> bool {
        !matches!(self, Value::Null | Value::List(_) | Value::Map(_) | Value::Type(_) | Value::Request)
    }

    /// The value of a key of a map.
    pub(super) fn get(&self, key: &Value) -> Option<&Value> {
        let Value::Map(entries) = self else { return None };
        entries.iter().find(|(candidate, _)| candidate.equals(key)).map(|(_, value)| value)
    }
}

impl TryFrom<placeholder::Value<'_>> for Value {
    type Error = Failure;

    fn try_from(value: placeholder::Value<'_>) -> Result<Self, Failure> {
        Ok(match value {
            placeholder::Value::Null => Value::Null,
            placeholder::Value::Bool(flag) => Value::Bool(flag),
            placeholder::Value::Int(number) => Value::Int(number),
            placeholder::Value::Float(number) => Value::Double(number),
            placeholder::Value::Text(text) => Value::string(text),
            placeholder::Value::List(texts) => Value::list(texts.iter().map(Value::string)),
            placeholder::Value::Duration(duration) => {
                Value::Duration(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
            }
            placeholder::Value::Time(time) => Value::Timestamp(Timestamp::local(time)),
            placeholder::Value::Error(message) => return Err(Failure::new(message)),
        })
    }
}

fn numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Double(left), right) => Some(with_double(right, *left)?.reverse()),
        (left, Value::Double(right)) => with_double(left, *right),
        _ => Some(whole(left)?.cmp(&whole(right)?)),
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Uint(number) => Some(i128::from(*number)),
        _ => None,
    }
}

fn with_double(left: &Value, right: f64) -> Option<Ordering> {
    match left {
        Value::Double(left) => left.partial_cmp(&right),
        _ => (whole(left)? as f64).partial_cmp(&right),
    }
}
