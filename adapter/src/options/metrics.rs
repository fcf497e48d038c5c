//! `metrics`: request metrics of all servers.

use caddis_config::http::Metrics;
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, read_block_or, row},
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut metrics = Metrics::default();
    if only_block(cx, line) {
        read_block_or(cx, line, ROWS, &mut metrics, |_, line, _| {
            Err(errors::options::unknown_in("servers option", line.name(), ROWS))
        });
    }
    options.metrics = Some(metrics);
    Ok(())
}

pub(crate) static ROWS: &[Row<Metrics>] = &[
    row("per_host", Shape::Flag, |metrics, _, _| {
        metrics.per_host = true;
        Ok(())
    }),
    row("observe_catchall_hosts", Shape::Flag, |metrics, _, _| {
        metrics.observe_catchall_hosts = true;
        Ok(())
    }),
    row("otlp", Shape::Flag, |metrics, _, _| {
        metrics.otlp = true;
        Ok(())
    }),
];
