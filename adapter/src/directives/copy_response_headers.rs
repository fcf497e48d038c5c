//! `copy_response_headers`: passes an upstream's header on from inside `handle_response`.

use caddis_config::http::handlers::CopyResponseHeaders;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/copy_response_headers.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "copy_response_headers",
    summary: "Passes the upstream's header on, inside `handle_response`.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<CopyResponseHeaders>] = &[
    row("include", Shape::Any("fields"), |copy, line, _| {
        copy.include.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
    row("exclude", Shape::Any("fields"), |copy, line, _| {
        copy.exclude.extend(line.args().iter().map(Value::string));
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    call.line.none()?;
    let mut copy = CopyResponseHeaders::default();
    read_block(cx, call.line, ROWS, &mut copy);
    Ok(call.route(copy))
}
