//! `metrics`: answers with the server's metrics.

use caddis_config::http::handlers::Metrics;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/metrics.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "metrics",
    summary: "Answers with the server's metrics.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<Metrics>] = &[row("disable_openmetrics", Shape::Flag, |metrics, _, _| {
    metrics.disable_openmetrics = true;
    Ok(())
})];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    call.line.none()?;
    let mut metrics = Metrics::default();
    read_block(cx, call.line, ROWS, &mut metrics);
    Ok(call.route(metrics))
}
