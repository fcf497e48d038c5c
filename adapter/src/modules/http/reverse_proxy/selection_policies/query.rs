//! `lb_policy query`: a parameter of the query chooses the upstream.

use caddis_config::http::reverse_proxy::{SelectionPolicy, selection_policies::Query};
use caddis_grammar::Statement;

use super::fallback;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    table::{Row, Shape, block_row, read_block},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<SelectionPolicy> {
    let mut policy = Query { key: line.one()?.string(), ..Query::default() };
    read_block(cx, line, ROWS, &mut policy);
    Ok(policy.into())
}

pub(crate) static ROWS: &[Row<Query>] =
    &[block_row("fallback", Shape::Some("policy"), |policy, line, cx| {
        fallback(cx, line, &mut policy.fallback)
    })];
