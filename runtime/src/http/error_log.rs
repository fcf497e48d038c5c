//! Error logs: a line for each request whose handlers have failed.

use std::time::Duration;

use super::{
    Exchange,
    access_log::{Logs, fields},
};
use crate::{
    error::Error,
    logging::{Field, Fields, Level, Logger},
};

/// What went wrong with a request, and how far its error routes came.
pub(crate) struct Failure<'a> {
    /// What the handlers raised.
    pub(crate) error: &'a Error,
    /// What the error routes raised in turn.
    pub(crate) second: Option<&'a Error>,
    /// Whether the error routes have answered: then the error is only of interest to whoever looks for it.
    pub(crate) answered: bool,
    /// How long the handlers took.
    pub(crate) duration: Duration,
}

/// Writes the line. Without access logs of the server there is one logger of errors.
pub(crate) fn write(failure: &Failure<'_>, exchange: &Exchange, logs: Option<&Logs>, fallback: &Logger) {
    let Failure { error, second, answered, duration } = failure;
    let level = match second {
        Some(_) => Level::Error,
        None if !answered && error.status().is_server_error() => Level::Error,
        None => Level::Debug,
    };
    let loggers = logs.map_or_else(|| vec![fallback.clone()], |logs| logs.error_loggers(exchange));
    if !loggers.iter().any(|logger| logger.enabled(level)) {
        return;
    }
    let mut line = Fields::default();
    match &exchange.access_log {
        Some(access) => line.add("request", Field::Object(access.request().clone())),
        None => line.object("request", |request| {
            fields::request(exchange, logs.is_some_and(Logs::credentials), request);
        }),
    };
    line.add("duration", *duration);
    let details = |line: &mut Fields| {
        line.add("status", i64::from(error.status().as_u16()))
            .add("err_id", error.id())
            .add("err_trace", error.trace());
    };
    let mut message = error.to_string();
    if let Some(second) = second {
        let first = std::mem::replace(&mut message, "error handling handler error".to_owned());
        line.error(*second).object("first_error", |line| {
            line.add("msg", first);
            details(line);
        });
    } else {
        details(&mut line);
    }
    for logger in &loggers {
        logger.write(level, &message, &line);
    }
}
