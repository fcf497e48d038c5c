//! The logging app: which log takes a line, and how it is written.

use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use caddis_config::logging::{Log as LogConfig, Logging};

use super::{
    Fields, Level, Sink,
    encoders::{Encoder, Entry},
    output::Output,
};
use crate::{
    build::{Build, BuildError},
    time::Moment,
};

/// All logs of a configuration.
#[derive(Debug)]
pub(crate) struct Core {
    logs: Vec<Log>,
}

#[derive(Debug)]
struct Log {
    level: Level,
    include: Vec<String>,
    exclude: Vec<String>,
    encoder: Encoder,
    /// `None` discards.
    output: Option<Arc<Output>>,
    sampling: Option<Sampling>,
}

impl Core {
    /// Opens the outputs of a configuration. A log called `default` is there even if the configuration names none.
    pub(crate) fn build(config: Option<&Logging>, cx: &mut Build) -> Result<Self, BuildError> {
        let mut logs = Vec::new();
        if let Some(config) = config {
            cx.refuse_fields(&[("sink", config.sink.is_some(), "the logging sink")])?;
            for (name, log) in &config.logs {
                let log = cx.at("logs", |cx| cx.at(name, |cx| Log::build(log, cx)));
                logs.extend(cx.unless_survey(log)?);
            }
        }
        if !config.is_some_and(|config| config.logs.contains_key("default")) {
            logs.push(Log::build(&LogConfig::default(), cx)?);
        }
        Ok(Self { logs })
    }
}

impl Sink for Core {
    fn enabled(&self, level: Level, logger: &str) -> bool {
        self.logs.iter().any(|log| log.takes(level, logger))
    }

    fn write(&self, level: Level, logger: &str, message: &str, fields: &Fields) {
        let entry = Entry { time: Moment::new(SystemTime::now()), level, logger, message, fields };
        for log in &self.logs {
            let Some(output) = &log.output else { continue };
            if log.takes(level, logger) && log.sampled(level, message) {
                let mut line = Vec::with_capacity(512);
                log.encoder.encode(&entry, &mut line);
                output.write(line);
            }
        }
    }
}

impl Log {
    fn build(config: &LogConfig, cx: &mut Build) -> Result<Self, BuildError> {
        let caller = config.with_caller || config.with_caller_skip != 0;
        cx.refuse_fields(&[
            ("core", config.core.is_some(), "core of a log"),
            ("with_caller", caller, "with_caller of a log"),
            ("with_stacktrace", !config.with_stacktrace.is_empty(), "with_stacktrace of a log"),
        ])?;
        let level = match config.level.to_ascii_uppercase().as_str() {
            "" | "INFO" => Level::Info,
            "DEBUG" => Level::Debug,
            "WARN" => Level::Warn,
            "ERROR" => Level::Error,
            // Nothing here is logged above error.
            "PANIC" | "FATAL" => {
                cx.refuse_fields(&[("level", true, "a log level above ERROR")])?;
                Level::Error
            }
            _ => return Err(cx.error(format!("unrecognized log level: {}", config.level))),
        };
        let outputs = Arc::clone(&cx.process.outputs);
        let output = cx.at("writer", |cx| outputs.open(config.writer.as_ref(), cx));
        let output = cx.unless_survey(output)?.flatten();
        let terminal = match config.writer {
            None | Some(caddis_config::logging::Writer::Stderr(_)) => std::io::stderr().is_terminal(),
            Some(caddis_config::logging::Writer::Stdout(_)) => std::io::stdout().is_terminal(),
            Some(_) => false,
        };
        let encoder = match &config.encoder {
            Some(encoder) => cx.at("encoder", |cx| Encoder::build(encoder, terminal, cx))?,
            None => Encoder::fallback(terminal),
        };
        let sampling = config.sampling.as_ref().map(Sampling::new);
        Ok(Self {
            level,
            include: config.include.clone(),
            exclude: config.exclude.clone(),
            encoder,
            output,
            sampling,
        })
    }

    fn takes(&self, level: Level, logger: &str) -> bool {
        level >= self.level && allowed(&self.include, &self.exclude, logger)
    }

    fn sampled(&self, level: Level, message: &str) -> bool {
        self.sampling.as_ref().is_none_or(|sampling| sampling.keeps(level, message, Instant::now()))
    }
}

/// Whether a logger belongs to a log: names are prefixes up to a dot, the longest decides, and a list of what to include
/// leaves out the rest.
fn allowed(include: &[String], exclude: &[String], logger: &str) -> bool {
    let longest = |names: &[String]| {
        names
            .iter()
            .filter(|name| {
                logger
                    .strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            .map(|name| name.len() + 1)
            .max()
            .unwrap_or(0)
    };
    let (accepted, rejected) = (longest(include), longest(exclude));
    if include.is_empty() { rejected == 0 } else { accepted > rejected }
}

/// Keeps the first lines with the same level and message in an interval, then every so many.
#[derive(Debug)]
struct Sampling {
    interval: Duration,
    first: u64,
    thereafter: u64,
    seen: Mutex<HashMap<(Level, String), (Instant, u64)>>,
}

/// Different messages that are counted at once; all are forgotten beyond, which lets a few more lines through.
const MESSAGES: usize = 4096;

impl Sampling {
    fn new(config: &caddis_config::logging::Sampling) -> Self {
        let or = |value: i64, default: u64| {
            u64::try_from(value).ok().filter(|&value| value > 0).unwrap_or(default)
        };
        Self {
            interval: Duration::from_nanos(or(config.interval.0, 1_000_000_000)),
            first: or(config.first, 100),
            thereafter: or(config.thereafter, 100),
            seen: Mutex::default(),
        }
    }

    fn keeps(&self, level: Level, message: &str, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > MESSAGES {
            seen.clear();
        }
        let (since, count) = seen.entry((level, message.to_owned())).or_insert((now, 0));
        if now.duration_since(*since) >= self.interval {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= self.first || (*count - self.first).is_multiple_of(self.thereafter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_longest_name_decides() {
        let access = names(&["http.log.access"]);
        let one = names(&["http.log.access.log0"]);
        let none = Vec::new();
        assert!(allowed(&none, &none, "admin"));
        assert!(allowed(&access, &none, "http.log.access"));
        assert!(allowed(&access, &none, "http.log.access.log0"));
        assert!(!allowed(&access, &none, "http.log.accessory"));
        assert!(!allowed(&none, &one, "http.log.access.log0"));
        assert!(allowed(&none, &one, "http.log.access.log1"));
        assert!(!allowed(&access, &one, "http.log.access.log0"));
        assert!(allowed(&one, &access, "http.log.access.log0"));
    }

    #[test]
    fn sampling_starts_anew_with_each_interval() {
        let sampling =
            Sampling { interval: Duration::from_secs(1), first: 2, thereafter: 3, seen: Mutex::default() };
        let start = Instant::now();
        let kept: Vec<bool> = (0..8).map(|_| sampling.keeps(Level::Info, "m", start)).collect();
        assert_eq!(kept, [true, true, false, false, true, false, false, true]);
        assert!(sampling.keeps(Level::Warn, "m", start));
        assert!(sampling.keeps(Level::Info, "m", start + Duration::from_secs(1)));
    }
}
