//! Logs.

use std::collections::BTreeSet;

use super::{Report, has_placeholder};
use crate::Config;
use crate::logging::encoders::filter::{CookieAction, QueryAction};
use crate::logging::{Encoder, FieldFilter, Log, Logging};

/// Most expressions of a filter, and the longest of them in bytes; Caddy's limits.
const MAX_OPERATIONS: usize = 50;
const MAX_PATTERN: usize = 1000;

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

/// A log that takes only access logs which no server writes stays empty.
pub(super) fn sources(report: &mut Report, logging: &Logging, config: &Config) {
    let logs = config
        .apps
        .http
        .iter()
        .flat_map(|app| app.servers.values())
        .filter_map(|server| server.logs.as_ref());
    let named = logs.flat_map(|logs| {
        let hosts = logs.logger_names.values().flat_map(|names| &names.0);
        hosts.chain([&logs.default_logger_name])
    });
    let written: BTreeSet<&str> = named.map(String::as_str).collect();
    if report.has_chosen_loggers {
        return;
    }
    report.within("logs", |report| {
        for (name, log) in &logging.logs {
            report.within(name, |report| {
                report.each("include", &log.include, |report, source| {
                    if let Some(logger) = source.strip_prefix("http.log.access.")
                        && !written.contains(logger)
                    {
                        report.warn(format!("no server writes an access log by the name of {logger}"));
                    }
                });
            });
        }
    });
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
    let is_within = |inner: &str, outer: &str| format!("{inner}.").starts_with(&format!("{outer}."));
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
