//! `lb_policy header`: a field of the request chooses the upstream.

use caddis_config::http::reverse_proxy::{SelectionPolicy, selection_policies::Header};
use caddis_grammar::Statement;

use super::fallback;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::{ignore_block, ignore_from},
    errors,
    table::{Row, Shape, block_row, read_block_or},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<SelectionPolicy> {
    let mut policy = Header { field: line.some()?[0].string(), ..Header::default() };
    // Caddy looks for a block right after the field only.
    if ignore_from(cx, line, 1) {
        ignore_block(cx, line);
    } else {
        read_block_or(cx, line, ROWS, &mut policy, |_, line, _| {
            Err(errors::options::unknown_in("option", line.name(), ROWS))
        });
    }
    Ok(policy.into())
}

pub(crate) static ROWS: &[Row<Header>] =
    &[block_row("fallback", Shape::Some("policy"), |policy, line, cx| {
        fallback(cx, line, &mut policy.fallback)
    })];
