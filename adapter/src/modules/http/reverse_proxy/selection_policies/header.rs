//! `lb_policy header`: a field of the request chooses the upstream.

use caddis_config::http::reverse_proxy::{SelectionPolicy, selection_policies::Header};
use caddis_grammar::Statement;

use super::fallback;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, read_block_or},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<SelectionPolicy> {
    let mut policy = Header { field: line.one()?.string(), ..Header::default() };
    read_block_or(cx, line, ROWS, &mut policy, |_, line, _| {
        Err(errors::options::unknown_in("option", line.name(), ROWS))
    });
    Ok(policy.into())
}

pub(crate) static ROWS: &[Row<Header>] =
    &[block_row("fallback", Shape::Some("policy"), |policy, line, cx| {
        fallback(cx, line, &mut policy.fallback)
    })];
