//! Log lines as bytes, in the forms of Caddy's encoders.

mod console;
pub(crate) mod filter;
mod json;
mod options;

use caddis_config::logging as config;

use self::options::Options;
use super::{Field, Fields, Level};
use crate::{
    build::{Build, BuildError},
    time::Moment,
};

/// One line before it is encoded.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) time: Moment,
    pub(crate) level: Level,
    pub(crate) logger: &'a str,
    pub(crate) message: &'a str,
    pub(crate) fields: &'a Fields,
}

/// A way to write lines.
#[derive(Debug)]
pub(crate) enum Encoder {
    /// One JSON object a line.
    Json(Options),
    /// Text for people.
    Console(Options),
    /// Changes fields, then writes.
    Filter(Vec<filter::Rule>, Box<Encoder>),
    /// Adds fields, then writes.
    Append(Fields, Box<Encoder>),
}

impl Encoder {
    /// What a log without encoder gets: text on a terminal, otherwise JSON.
    pub(crate) fn fallback(terminal: bool) -> Self {
        if terminal { Encoder::Console(Options::console(terminal)) } else { Encoder::Json(Options::json()) }
    }

    /// The encoder that a configuration asks for; `terminal` is where an encoder without one of its own ends.
    pub(crate) fn build(
        config: &config::Encoder,
        terminal: bool,
        cx: &mut Build,
    ) -> Result<Self, BuildError> {
        let wrapped = |wrap: &Option<Box<config::Encoder>>, cx: &mut Build| match wrap {
            Some(inner) => cx.at("wrap", |cx| Encoder::build(inner, terminal, cx)),
            None => Ok(Encoder::fallback(terminal)),
        };
        match config {
            config::Encoder::Json(json) => Ok(Encoder::Json(Options::from_json(json))),
            config::Encoder::Console(console) => Ok(Encoder::Console(Options::from_console(console))),
            config::Encoder::Filter(filter) => {
                let rules = cx.at("fields", |cx| filter::build(&filter.fields, cx))?;
                Ok(Encoder::Filter(rules, Box::new(wrapped(&filter.wrap, cx)?)))
            }
            config::Encoder::Append(append) => {
                let mut fields = Fields::default();
                for (name, value) in &append.fields {
                    fields.add(name.clone(), Field::from_json(value));
                }
                Ok(Encoder::Append(fields, Box::new(wrapped(&append.wrap, cx)?)))
            }
            config::Encoder::Journald(_) => Err(cx.unsupported("the log encoder journald")),
            config::Encoder::Foreign(foreign) => {
                Err(cx.unsupported(&format!("the log encoder {}", foreign.name)))
            }
        }
    }

    /// Appends the line to `out`, line ending included.
    pub(crate) fn encode(&self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        match self {
            Encoder::Json(options) => json::entry(options, entry, out),
            Encoder::Console(options) => console::entry(options, entry, out),
            Encoder::Filter(rules, inner) => {
                let fields = filter::apply(rules, entry.fields);
                inner.encode(&Entry { fields: &fields, ..*entry }, out);
            }
            Encoder::Append(more, inner) => {
                let mut fields = entry.fields.clone();
                fields.0.extend(more.0.iter().cloned());
                inner.encode(&Entry { fields: &fields, ..*entry }, out);
            }
        }
    }
}
