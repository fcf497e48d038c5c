//! `error`: fails with a status, which error routes can then handle.

use caddis_config::http::handlers::StaticError;

use super::respond::text_and_status;
use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/error.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "error",
    summary: "Fails with a status, which error routes can then handle.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<StaticError>] = &[row("message", Shape::One("text"), |error, line, _| {
    if !error.error.is_empty() {
        return Err(errors::already_specified(line.name(), "message"));
    }
    error.error = line.words[1].string();
    Ok(())
})];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let (message, status) = text_and_status(call.line)?;
    let mut error = StaticError {
        error: message.map(Value::string).unwrap_or_default(),
        status_code: status.map(Value::string).unwrap_or_default().into(),
    };
    read_block(cx, call.line, ROWS, &mut error);
    Ok(call.route(error))
}
