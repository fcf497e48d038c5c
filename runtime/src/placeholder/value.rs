//! What placeholders and variables stand for. Most are texts; that others are none shows in logs and in expressions.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use super::clock::Clock;
use caddis_config::go;

/// A value, of the type that it has in Caddy.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// There is none: as text it is empty.
    Null,
    /// A flag.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number. All numbers of a configuration are such.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Several texts.
    List(Cow<'a, [String]>),
    /// A length of time.
    Duration(Duration),
    /// A moment.
    Time(SystemTime),
    /// What an error says: expressions that look at it fail.
    Error(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The value as Go prints it.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Value::Null => "".into(),
            Value::Bool(true) => "true".into(),
            Value::Bool(false) => "false".into(),
            Value::Int(number) => number.to_string().into(),
            Value::Float(number) => go::float::plain(number).into(),
            Value::Text(text) | Value::Error(text) => text,
            Value::List(texts) => format!("[{}]", texts.join(" ")).into(),
            Value::Duration(duration) => {
                go::duration::format(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)).into()
            }
            Value::Time(time) => Clock::Go.text(time).into(),
        }
    }

    /// Milliseconds, with their fractions.
    #[must_use]
    pub fn millis(duration: Duration) -> Self {
        Value::Float(duration.as_secs_f64() * 1e3)
    }

    /// A number where the text is one.
    #[must_use]
    pub fn number(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        text.parse().map_or(Value::Text(text), Value::Int)
    }

    /// The same value, with texts that are borrowed from it.
    #[must_use]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(flag) => Value::Bool(*flag),
            Value::Int(number) => Value::Int(*number),
            Value::Float(number) => Value::Float(*number),
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::List(texts) => Value::List(Cow::Borrowed(texts)),
            Value::Duration(duration) => Value::Duration(*duration),
            Value::Time(time) => Value::Time(*time),
            Value::Error(text) => Value::Error(Cow::Borrowed(text)),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Value::Text(text)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Value::Int(number.into())
    }
}

impl From<Vec<String>> for Value<'_> {
    fn from(texts: Vec<String>) -> Self {
        Value::List(Cow::Owned(texts))
    }
}
