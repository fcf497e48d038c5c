//! `tracing`: records spans by OpenTelemetry.

use caddis_config::http::handlers::Tracing;
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, read_block, row},
};

/// See `fixtures/directives/tracing.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "tracing",
    summary: "Records spans by OpenTelemetry.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<Tracing>] = &[
    row("span", Shape::One("name"), |tracing, line, _| {
        tracing.span = line.words[1].string();
        Ok(())
    }),
    block_row("span_attributes", Shape::Flag, |tracing, line, cx| {
        for attribute in line.children() {
            let outcome = read_attribute(attribute, tracing);
            cx.keep(outcome);
        }
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    call.line.none()?;
    let mut tracing = Tracing::default();
    read_block(cx, call.line, ROWS, &mut tracing);
    Ok(call.route(tracing))
}

fn read_attribute(line: &Statement, tracing: &mut Tracing) -> Parsed<()> {
    line.no_block()?;
    let value = line.one()?;
    if let Some(extra) = line.args().get(1) {
        return Err(errors::wrong_argument_count(extra));
    }
    tracing.span_attributes.insert(line.name().string(), value.string());
    Ok(())
}
