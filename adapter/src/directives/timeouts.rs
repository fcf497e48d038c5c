//! `timeouts`: how long a request may take to be read and answered.

use caddis_config::{
    go::{duration, number::parse_int, size},
    http::handlers::Timeouts,
    value::Duration,
};
use caddis_grammar::Statement;

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/timeouts.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "timeouts",
    summary: "Limits how long a request may take to be read and answered.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<Timeouts>] = &[
    row("read_timeout", Shape::Some("duration> [<bytes per second>]"), |timeouts, line, _| {
        timeouts.read_timeout = go_duration(line)?;
        if let Some(rate) = rate(line)? {
            timeouts.read_min_rate = rate;
        }
        Ok(())
    }),
    row("write_timeout", Shape::Some("duration> [<bytes per second>]"), |timeouts, line, _| {
        timeouts.write_timeout = go_duration(line)?;
        if let Some(rate) = rate(line)? {
            timeouts.write_min_rate = rate;
        }
        Ok(())
    }),
    row("max_write_chunk", Shape::One("size"), |timeouts, line, _| {
        let size = size::parse(&line.words[1].text)
            .map_err(|error| errors::handlers::bad_size(&line.words[1], "max_write_chunk", &error))?;
        // Caddy wraps around here too.
        timeouts.max_write_chunk = size as i64;
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut timeouts = Timeouts::default();
    if only_block(cx, call.line) {
        read_block(cx, call.line, ROWS, &mut timeouts);
    }
    Ok(call.route(timeouts))
}

/// A duration of Go, in which days are no unit.
fn go_duration(line: &Statement) -> Parsed<Duration> {
    if let Some(extra) = line.args().get(2) {
        return Err(errors::wrong_argument_count(extra));
    }
    let word = &line.words[1];
    duration::parse_go(&word.text)
        .map(Duration)
        .map_err(|error| errors::handlers::bad_timeout(line, word, &error))
}

fn rate(line: &Statement) -> Parsed<Option<i64>> {
    let Some(word) = line.args().get(1) else { return Ok(None) };
    parse_int(&word.text).map(Some).map_err(|error| errors::handlers::bad_rate(line, word, &error))
}
