//! The lines of `reverse_proxy` about the health of upstreams: `health_…` asks, the others watch.

use caddis_config::{
    go::{host_port, number::atoi},
    http::reverse_proxy::{ActiveHealthChecks, PassiveHealthChecks},
};
use caddis_grammar::{Statement, Token};

use super::Draft;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    values::{duration, integer},
};

impl Draft {
    fn active(&mut self) -> &mut ActiveHealthChecks {
        self.proxy.health_checks.get_or_insert_default().active.get_or_insert_default()
    }

    fn passive(&mut self) -> &mut PassiveHealthChecks {
        self.proxy.health_checks.get_or_insert_default().passive.get_or_insert_default()
    }
}

pub(super) fn uri(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().uri = line.one()?.string();
    Ok(())
}

pub(super) fn path(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    cx.report(errors::proxy::health_path_deprecated(line));
    draft.active().path = line.one()?.string();
    Ok(())
}

pub(super) fn upstream(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let word = line.one()?;
    let (_, port) = host_port::split(&word.text)
        .map_err(|error| errors::proxy::bad_value(word, "health_upstream is malformed", &error))?;
    port_number(word, port)?;
    draft.active().upstream = word.string();
    Ok(())
}

pub(super) fn port(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    if !draft.active().upstream.is_empty() {
        return Err(errors::proxy::health_port_ignored(line));
    }
    let word = line.one()?;
    draft.active().port = port_number(word, &word.text)?;
    Ok(())
}

fn port_number(word: &Token, port: &str) -> Parsed<i64> {
    atoi(port).map_err(|error| errors::proxy::bad_value(word, "bad port number", &error))
}

/// Each line is a field with its values; the latest block replaces earlier ones.
pub(super) fn headers(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let headers = &mut draft.active().headers;
    headers.clear();
    for field in line.children() {
        field.no_block()?;
        let values = headers.entry(field.name().string()).or_default();
        match field.args() {
            [] => values.push(String::new()),
            words => values.extend(words.iter().map(Value::string)),
        }
    }
    Ok(())
}

pub(super) fn method(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().method = line.one()?.string();
    Ok(())
}

pub(super) fn request_body(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().body = line.one()?.string();
    Ok(())
}

pub(super) fn interval(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().interval = duration(line.one()?, "bad interval value")?;
    Ok(())
}

pub(super) fn timeout(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().timeout = duration(line.one()?, "bad timeout value")?;
    Ok(())
}

pub(super) fn status(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().expect_status = status_or_class(line.one()?)?;
    Ok(())
}

pub(super) fn body(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().expect_body = line.one()?.string();
    Ok(())
}

pub(super) fn follow_redirects(draft: &mut Draft, _: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().follow_redirects = true;
    Ok(())
}

pub(super) fn passes(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().passes = integer(line.one()?, "invalid passes count")?;
    Ok(())
}

pub(super) fn fails(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.active().fails = integer(line.one()?, "invalid fails count")?;
    Ok(())
}

pub(super) fn max_fails(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.passive().max_fails = integer(line.one()?, "invalid maximum fail count")?;
    Ok(())
}

pub(super) fn fail_duration(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.passive().fail_duration = duration(line.one()?, "bad duration value")?;
    Ok(())
}

pub(super) fn unhealthy_request_count(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.passive().unhealthy_request_count = integer(line.one()?, "invalid maximum connection count")?;
    Ok(())
}

pub(super) fn unhealthy_status(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    for word in line.args() {
        let status = status_or_class(word)?;
        draft.passive().unhealthy_status.push(status);
    }
    Ok(())
}

pub(super) fn unhealthy_latency(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.passive().unhealthy_latency = duration(line.one()?, "bad duration value")?;
    Ok(())
}

/// A status, or a class of them: `5xx` is the number 5.
fn status_or_class(word: &Token) -> Parsed<i64> {
    let text = match word.text.strip_suffix("xx") {
        Some(class) if class.len() == 1 => class,
        _ => &word.text,
    };
    atoi(text).map_err(|error| errors::proxy::bad_value(word, "bad status value", &error))
}
