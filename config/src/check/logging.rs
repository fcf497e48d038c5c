//! Logs.

use std::collections::BTreeSet;

use super::{Report, has_placeholder};
use crate::logging::encoders::filter::{CookieAction, QueryAction};
use crate::logging::{Encoder, FieldFilter, Log, Logging};
use crate::{Config, ConfigError};

/// Most expressions of a filter, and the longest of them in bytes; Caddy's limits.
const MAX_OPERATIONS: usize = 50;
const MAX_PATTERN: usize = 1000;

/// What the names of the loggers of access logs begin with.
const ACCESS: &str = "http.log.access.";

pub(super) fn check(report: &mut Report, logging: &Logging) {
    report.field("sink", &logging.sink, |report, sink| {
        level(report, &sink.level);
        report.field("encoder", &sink.encoder, encoder);
    });
    report.within("logs", |report| {
        for (name, log) in &logging.logs {
            report.within(name, |report| {
                report.field("encoder", &log.encoder, encoder);
                level(report, &log.level);
                names(report, log);
            });
        }
    });
}

/// A log that takes only access logs which nothing writes stays empty, and an access log that no log takes by its name
/// goes where all others go.
pub(super) fn sources(report: &mut Report, config: &Config) {
    let servers = config.apps.http.iter().flat_map(|app| app.servers.values());
    let of_servers = servers.filter_map(|server| server.logs.as_ref()).flat_map(|logs| {
        let hosts = logs.logger_names.values().flat_map(|names| &names.0);
        hosts.chain([&logs.default_logger_name]).map(String::as_str)
    });
    let of_servers: BTreeSet<&str> = of_servers.collect();
    let logs = || config.logging.iter().flat_map(|logging| &logging.logs);
    let chosen = std::mem::take(&mut report.chosen_loggers);
    for (path, name) in chosen.iter().filter(|(_, name)| !of_servers.contains(name.as_str())) {
        let source = format!("{ACCESS}{name}");
        let takes = |(_, log): (_, &Log)| log.include.iter().any(|included| is_within(&source, included));
        if !name.is_empty() && !has_placeholder(name) && !logs().any(takes) {
            let message =
                format!("no log takes the access log {name} by its name: its lines go to the default log");
            report.warnings.push(ConfigError { path: path.clone(), message });
        }
    }
    let is_written = |logger: &str| {
        of_servers.contains(logger) || chosen.iter().any(|(_, name)| name == logger || has_placeholder(name))
    };
    report.within("logging", |report| {
        report.within("logs", |report| {
            for (name, log) in logs() {
                report.within(name, |report| {
                    report.each("include", &log.include, |report, source| {
                        if let Some(logger) = source.strip_prefix(ACCESS).filter(|logger| !is_written(logger))
                        {
                            report.warn(format!("no server writes an access log by the name of {logger}"));
                        }
                    });
                });
            }
        });
    });
}

/// Whether a logger is another one, or below it.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn level(report: &mut Report, level: &str) {
    let known = ["", "debug", "info", "warn", "error", "panic", "fatal"];
    if !has_placeholder(level) && !known.contains(&level.to_lowercase().as_str()) {
        report.within("level", |report| {
            report.error(format!("unrecognized log level: {}", level.to_lowercase()));
        });
    }
}

/// With both lists, each name included must be an exception to one excluded, or the other way round.
fn names(report: &mut Report, log: &Log) {
    if log.exclude.is_empty() {
        return;
    }
    report.each("include", &log.include, |report, name| {
        if log.exclude.contains(name) {
            report.error(format!("include and exclude must not intersect, but found {name} in both lists"));
        } else if !log.exclude.iter().any(|other| is_within(name, other) || is_within(other, name)) {
            report.error(format!(
                "when both include and exclude are populated, each element must be a superspace or subspace of one in \
                 the other list; check '{name}' in include"
            ));
        }
    });
}

fn encoder(report: &mut Report, form: &Encoder) {
    let wrapped = match form {
        Encoder::Filter(filter) => {
            report.within("fields", |report| {
                for (name, filter) in &filter.fields {
                    report.within(name, |report| field_filter(report, filter));
                }
            });
            &filter.wrap
        }
        Encoder::Append(append) => &append.wrap,
        Encoder::Journald(journald) => &journald.wrap,
        Encoder::Console(_) | Encoder::Json(_) | Encoder::Foreign(_) => return,
    };
    report.field("wrap", wrapped, |report, wrapped| encoder(report, wrapped));
}

fn field_filter(report: &mut Report, filter: &FieldFilter) {
    let cookie_kind = |action: &CookieAction| action.kind.clone();
    match filter {
        FieldFilter::Cookie(filter) => actions(report, &filter.actions, cookie_kind),
        FieldFilter::SetCookie(filter) => actions(report, &filter.actions, cookie_kind),
        FieldFilter::Query(filter) => {
            actions(report, &filter.actions, |action: &QueryAction| action.kind.clone());
        }
        FieldFilter::MultiRegexp(filter) => {
            let count = filter.operations.len();
            if count == 0 {
                report.error("multi_regexp filter requires at least one operation");
            }
            if count > MAX_OPERATIONS {
                report
                    .error(format!("too many regexp operations: {count} (maximum {MAX_OPERATIONS} allowed)"));
            }
            for (index, operation) in filter.operations.iter().enumerate() {
                let length = operation.regexp.len();
                if length == 0 {
                    report.error(format!("regexp pattern {index} cannot be empty"));
                } else if length > MAX_PATTERN {
                    report.error(format!(
                        "regexp pattern {index} too long: {length} characters (maximum {MAX_PATTERN})"
                    ));
                }
            }
        }
        FieldFilter::Delete(_)
        | FieldFilter::Hash(_)
        | FieldFilter::IpMask(_)
        | FieldFilter::Regexp(_)
        | FieldFilter::Rename(_)
        | FieldFilter::Replace(_)
        | FieldFilter::Foreign(_) => {}
    }
}

fn actions<A>(report: &mut Report, actions: &[A], kind: impl Fn(&A) -> String) {
    report.each("actions", actions, |report, action| {
        if !["replace", "hash", "delete"].contains(&kind(action).as_str()) {
            report.error("invalid action type");
        }
    });
}
