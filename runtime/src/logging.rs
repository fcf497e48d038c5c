//! Structured logs in Caddy's shape: a logger has a dotted name, a line has a level, a message and ordered fields.

pub(crate) mod core;
mod encoders;
pub(crate) mod output;

use std::{
    borrow::Cow,
    io::Write,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;

use crate::placeholder::Value;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warn,
    /// Something failed.
    Error,
}

/// One value of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Text.
    String(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A flag.
    Bool(bool),
    /// A length of time; encoders decide the unit.
    Duration(Duration),
    /// A moment; encoders decide the form.
    Time(SystemTime),
    /// Several values.
    List(Vec<Field>),
    /// Named values in order.
    Object(Fields),
    /// Nothing.
    Null,
}

/// Named values in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(pub Vec<(Name, Field)>);

/// The name of a field: most are known when the program is built, and cost nothing then.
pub type Name = Cow<'static, str>;

impl Fields {
    /// Adds any value.
    pub fn add(&mut self, name: impl Into<Name>, value: impl Into<Field>) -> &mut Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds named values as one.
    pub fn object(&mut self, name: impl Into<Name>, fill: impl FnOnce(&mut Fields)) -> &mut Self {
        let mut inner = Fields::default();
        fill(&mut inner);
        self.add(name, Field::Object(inner))
    }

    /// Adds an error as text, with its causes.
    pub fn error(&mut self, error: &dyn std::error::Error) -> &mut Self {
        self.add("error", error.to_string())
    }
}

impl Field {
    /// A JSON value as a field.
    #[must_use]
    pub fn from_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Field::Null,
            Value::Bool(flag) => Field::Bool(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Field::Int(whole),
                None => Field::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Field::String(text.clone()),
            Value::Array(values) => Field::List(values.iter().map(Field::from_json).collect()),
            Value::Object(members) => Field::Object(Fields(
                members.iter().map(|(name, value)| (name.clone().into(), Field::from_json(value))).collect(),
            )),
        }
    }
}

impl From<Value<'_>> for Field {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Field::Null,
            Value::Bool(flag) => Field::Bool(flag),
            Value::Int(number) => Field::Int(number),
            Value::Float(number) => Field::Float(number),
            Value::Text(text) | Value::Error(text) => Field::String(text.into_owned()),
            Value::List(texts) => Field::List(texts.iter().map(|text| text.as_str().into()).collect()),
            Value::Duration(duration) => Field::Duration(duration),
            Value::Time(time) => Field::Time(time),
        }
    }
}
impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Field::String(text.to_owned())
    }
}
impl From<String> for Field {
    fn from(text: String) -> Self {
        Field::String(text)
    }
}
impl From<i64> for Field {
    fn from(number: i64) -> Self {
        Field::Int(number)
    }
}
impl From<u64> for Field {
    fn from(number: u64) -> Self {
        Field::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
impl From<f64> for Field {
    fn from(number: f64) -> Self {
        Field::Float(number)
    }
}
impl From<bool> for Field {
    fn from(flag: bool) -> Self {
        Field::Bool(flag)
    }
}
impl From<Duration> for Field {
    fn from(duration: Duration) -> Self {
        Field::Duration(duration)
    }
}

/// What takes lines: swapped whole when a configuration changes its logs.
pub trait Sink: Send + Sync {
    /// Whether any log takes lines of this level from this logger.
    fn enabled(&self, level: Level, logger: &str) -> bool;
    /// Takes a line. Must not block on a peer.
    fn write(&self, level: Level, logger: &str, message: &str, fields: &Fields);
}

/// A name to log under. Cheap to clone; follows the process through reloads.
#[derive(Clone)]
pub struct Logger {
    sink: Arc<ArcSwap<Box<dyn Sink>>>,
    name: Arc<str>,
}

impl std::fmt::Debug for Logger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Logger").field(&self.name).finish()
    }
}

impl Logger {
    /// The root of all names.
    #[must_use]
    pub fn root(sink: Box<dyn Sink>) -> Self {
        Self { sink: Arc::new(ArcSwap::from_pointee(sink)), name: Arc::from("") }
    }

    /// Replaces what takes the lines of every logger of this process.
    pub fn replace_sink(&self, sink: Box<dyn Sink>) {
        self.sink.store(Arc::new(sink));
    }

    /// A logger with this absolute name, for example `http.handlers.reverse_proxy`.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self { sink: Arc::clone(&self.sink), name: Arc::from(name) }
    }

    /// Whether a line would go anywhere. Ask before preparing something expensive.
    #[must_use]
    pub fn enabled(&self, level: Level) -> bool {
        self.sink.load().enabled(level, &self.name)
    }

    /// Writes a line; the fields are only made when somebody takes it.
    pub fn log(&self, level: Level, message: &str, fill: impl FnOnce(&mut Fields)) {
        let sink = self.sink.load();
        if sink.enabled(level, &self.name) {
            let mut fields = Fields::default();
            fill(&mut fields);
            sink.write(level, &self.name, message, &fields);
        }
    }

    /// Writes a line with fields that are there already.
    pub fn write(&self, level: Level, message: &str, fields: &Fields) {
        let sink = self.sink.load();
        if sink.enabled(level, &self.name) {
            sink.write(level, &self.name, message, fields);
        }
    }

    /// [`Logger::log`] at debug.
    pub fn debug(&self, message: &str, fill: impl FnOnce(&mut Fields)) {
        self.log(Level::Debug, message, fill);
    }

    /// [`Logger::log`] at info.
    pub fn info(&self, message: &str, fill: impl FnOnce(&mut Fields)) {
        self.log(Level::Info, message, fill);
    }

    /// [`Logger::log`] at warn.
    pub fn warn(&self, message: &str, fill: impl FnOnce(&mut Fields)) {
        self.log(Level::Warn, message, fill);
    }

    /// [`Logger::log`] at error.
    pub fn error(&self, message: &str, fill: impl FnOnce(&mut Fields)) {
        self.log(Level::Error, message, fill);
    }
}

/// Plain lines on standard error, for the time before a configuration is read and for tests.
#[derive(Debug)]
pub struct Stderr(pub Level);

impl Sink for Stderr {
    fn enabled(&self, level: Level, _: &str) -> bool {
        level >= self.0
    }

    fn write(&self, level: Level, logger: &str, message: &str, fields: &Fields) {
        let line = format!("{level:?}\t{logger}\t{message}\t{:?}\n", fields.0);
        // Nobody can be told that standard error is gone.
        drop(std::io::stderr().write_all(line.as_bytes()));
    }
}
