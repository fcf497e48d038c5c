//! `log`: access logs of a site; the global option of that name reads the same lines.

use std::collections::BTreeSet;

use caddis_config::{
    go::number,
    logging::{Log, Sampling},
    value::Duration,
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    logging::DEFAULT_LOGGER,
    table::{Row, Shape, block_row, read_block, row},
};

/// See `fixtures/directives/log.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "log",
    summary: "Writes an access log.",
    takes_matcher: false,
    ordered: false,
    read: |cx, call: &Call<'_>| Ok(vec![Item::Log(Box::new(read_site(cx, call.line)?))]),
};

/// A `log` block, of a site or of the global options.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SiteLog {
    /// The name of the logger; empty where a site's log needs none.
    pub name: String,
    /// Hosts to log instead of those of the site.
    pub hostnames: Vec<String>,
    /// The log; `None` where nothing departs from the defaults.
    pub log: Option<Log>,
    /// Whether no host is logged unless a route asks for it.
    pub no_hostname: bool,
}

/// A block while it is read.
#[derive(Default)]
pub(crate) struct Reading {
    global: bool,
    hostnames: Vec<String>,
    no_hostname: bool,
    log: Log,
    /// Lines that may stand only once.
    seen: BTreeSet<&'static str>,
}

/// Reads the directive. A log that departs from the defaults gets a name of its own.
fn read_site(cx: &mut Cx<'_>, line: &Statement) -> Parsed<SiteLog> {
    let mut name = line.optional()?.map(Value::string).unwrap_or_default();
    let mut reading = Reading::default();
    read_block(cx, line, ROWS, &mut reading);
    let is_default = reading.log == Log::default();
    if name.is_empty() && !is_default {
        name = format!("log{}", cx.state.logs);
        cx.state.logs += 1;
    }
    if !name.is_empty() {
        reading.log.include = vec![format!("http.log.access.{name}")];
    }
    Ok(reading.finish(name, is_default))
}

/// Reads the global option; without a name it is about the default logger.
pub(crate) fn read_global(cx: &mut Cx<'_>, line: &Statement, earlier: &[SiteLog]) -> Parsed<SiteLog> {
    let name = line.optional()?.map_or_else(|| DEFAULT_LOGGER.to_owned(), Value::string);
    if earlier.iter().any(|log| log.name == name) {
        return Err(errors::logging::duplicate_logger(line.name(), &name));
    }
    let mut reading = Reading { global: true, ..Reading::default() };
    read_block(cx, line, ROWS, &mut reading);
    let is_default = reading.log == Log::default();
    Ok(reading.finish(name, is_default))
}

impl Reading {
    fn finish(self, name: String, is_default: bool) -> SiteLog {
        let log = (!is_default).then_some(self.log);
        SiteLog { name, hostnames: self.hostnames, log, no_hostname: self.no_hostname }
    }

    fn once(&mut self, name: &'static str, line: &Statement) -> Parsed<()> {
        if self.seen.insert(name) { Ok(()) } else { Err(errors::logging::given_twice(line.name(), "log")) }
    }

    fn only(&self, global: bool, line: &Statement) -> Parsed<()> {
        if self.global == global { Ok(()) } else { Err(errors::logging::not_here(line.name(), self.global)) }
    }
}

pub(crate) static ROWS: &[Row<Reading>] = &[
    row("hostnames", Shape::Any("hosts"), |reading, line, _| {
        reading.only(false, line)?;
        reading.hostnames.extend(line.some()?.iter().map(Value::string));
        Ok(())
    }),
    block_row("output", Shape::Some("writer"), |reading, line, cx| {
        reading.once("output", line)?;
        reading.log.writer = Some(cx.module_argument(line)?);
        Ok(())
    }),
    block_row("sampling", Shape::Any(""), |reading, line, cx| {
        reading.once("sampling", line)?;
        let mut sampling = SamplingLines::default();
        read_block(cx, line, SAMPLING, &mut sampling);
        reading.log.sampling = Some(sampling.value);
        Ok(())
    }),
    block_row("core", Shape::Some("core"), |reading, line, cx| {
        reading.once("core", line)?;
        reading.log.core = Some(cx.module_argument(line)?);
        Ok(())
    }),
    block_row("format", Shape::Some("encoder"), |reading, line, cx| {
        reading.once("format", line)?;
        reading.log.encoder = Some(cx.module_argument(line)?);
        Ok(())
    }),
    row("level", Shape::One("level"), |reading, line, _| {
        reading.once("level", line)?;
        reading.log.level = line.one()?.string();
        Ok(())
    }),
    row("include", Shape::Any("loggers"), |reading, line, _| {
        reading.only(true, line)?;
        reading.log.include.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("exclude", Shape::Any("loggers"), |reading, line, _| {
        reading.only(true, line)?;
        reading.log.exclude.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("no_hostname", Shape::Flag, |reading, line, _| {
        reading.once("no_hostname", line)?;
        reading.no_hostname = true;
        Ok(())
    }),
];

/// A `sampling` block while it is read.
#[derive(Default)]
pub(crate) struct SamplingLines {
    value: Sampling,
    seen: BTreeSet<&'static str>,
}

impl SamplingLines {
    fn once(&mut self, name: &'static str, line: &Statement) -> Parsed<()> {
        if self.seen.insert(name) {
            Ok(())
        } else {
            Err(errors::logging::given_twice(line.name(), "sampling"))
        }
    }
}

pub(crate) static SAMPLING: &[Row<SamplingLines>] = &[
    row("interval", Shape::One("duration"), |sampling, line, _| {
        sampling.once("interval", line)?;
        let word = &line.words[1];
        sampling.value.interval = Duration::parse(&word.text)
            .map_err(|reason| errors::logging::bad_sampling(word, "interval", &reason))?;
        Ok(())
    }),
    row("first", Shape::One("count"), |sampling, line, _| {
        sampling.once("first", line)?;
        sampling.value.first = count(line, "first")?;
        Ok(())
    }),
    row("thereafter", Shape::One("count"), |sampling, line, _| {
        sampling.once("thereafter", line)?;
        sampling.value.thereafter = count(line, "thereafter")?;
        Ok(())
    }),
];

fn count(line: &Statement, name: &str) -> Parsed<i64> {
    let word = &line.words[1];
    number::atoi(&word.text).map_err(|reason| errors::logging::bad_sampling(word, name, &reason))
}
