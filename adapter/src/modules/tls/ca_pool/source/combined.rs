//! `trust_pool combined`: the certificates of several sources.

use caddis_config::tls::{CaPool, ca_pool::source::Combined};
use caddis_grammar::Statement;

use super::read_lines;
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    line.none()?;
    let mut pool = Combined::default();
    read_lines(cx, line, ROWS, &mut pool);
    if pool.sources.is_empty() {
        return Err(errors::trust::nothing_to_trust(line, "sources"));
    }
    Ok(pool.into())
}

pub(crate) static ROWS: &[Row<Combined>] = &[block_row("source", Shape::Some("module"), |pool, line, cx| {
    pool.sources.push(cx.module_argument(line)?);
    Ok(())
})];
