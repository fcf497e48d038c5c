//! The lines of `reverse_proxy` about bodies and upgraded connections while they flow.

use caddis_config::{go::number::atoi, http::reverse_proxy::StreamLogs, value::Duration};
use caddis_grammar::{Statement, Token};

use super::Draft;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::lone_value,
    errors,
    table::{Row, Shape, read_block, row},
    values::{duration, size},
};

pub(super) fn flush_interval(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.flush_interval = duration_or_nanoseconds(lone_value(line)?)?;
    Ok(())
}

pub(super) fn request_buffers(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.request_buffers = size_or_unlimited(line.one()?)?;
    Ok(())
}

pub(super) fn response_buffers(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.response_buffers = size_or_unlimited(line.one()?)?;
    Ok(())
}

pub(super) fn buffer_size(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.stream_buffer_size = size_or_unlimited(line.one()?)?;
    Ok(())
}

pub(super) fn timeout(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.stream_timeout = duration_or_nanoseconds(line.one()?)?;
    Ok(())
}

pub(super) fn close_delay(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.stream_close_delay = duration_or_nanoseconds(line.one()?)?;
    Ok(())
}

pub(super) fn detached(draft: &mut Draft, _: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.proxy.stream_detached = true;
    Ok(())
}

pub(super) fn verbose_logs(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    if draft.proxy.verbose_logs {
        return Err(errors::proxy::verbose_logs_twice(line));
    }
    draft.proxy.verbose_logs = true;
    Ok(())
}

/// Several blocks add up.
pub(super) fn logs(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let logs = draft.proxy.stream_logs.get_or_insert_default();
    read_block(cx, line, STREAM_LOGS, logs);
    Ok(())
}

pub(crate) static STREAM_LOGS: &[Row<StreamLogs>] = &[
    row("level", Shape::One("debug|info|warn|error"), |logs, line, _| {
        let word = line.one()?;
        if !["debug", "info", "warn", "error"].contains(&word.text.trim().to_lowercase().as_str()) {
            return Err(errors::proxy::bad_stream_log_level(word));
        }
        logs.level = word.string();
        Ok(())
    }),
    row("logger_name", Shape::One("name"), |logs, line, _| {
        logs.logger_name = line.one()?.string();
        Ok(())
    }),
    row("skip_handshake", Shape::Flag, |logs, _, _| {
        logs.skip_handshake = true;
        Ok(())
    }),
];

/// A bare integer counts nanoseconds; `-1` flushes at once.
fn duration_or_nanoseconds(word: &Token) -> Parsed<Duration> {
    match atoi(&word.text) {
        Ok(nanoseconds) => Ok(Duration(nanoseconds)),
        Err(_) => duration(word, "bad duration value"),
    }
}

/// A size in bytes; `unlimited` is -1.
fn size_or_unlimited(word: &Token) -> Parsed<i64> {
    if &*word.text == "unlimited" {
        return Ok(-1);
    }
    size(word, "invalid byte size")
}
