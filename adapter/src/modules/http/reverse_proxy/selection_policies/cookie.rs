//! `lb_policy cookie`: a cookie remembers the upstream.

use caddis_config::http::reverse_proxy::{SelectionPolicy, selection_policies::Cookie};
use caddis_grammar::Statement;

use super::fallback;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, read_block_or, row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<SelectionPolicy> {
    let mut policy = Cookie::default();
    match line.args() {
        [] => {}
        [name] => policy.name = name.string(),
        [name, secret] => (policy.name, policy.secret) = (name.string(), secret.string()),
        [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
    }
    read_block_or(cx, line, ROWS, &mut policy, |_, line, _| {
        Err(errors::options::unknown_in("option", line.name(), ROWS))
    });
    Ok(policy.into())
}

pub(crate) static ROWS: &[Row<Cookie>] = &[
    block_row("fallback", Shape::Some("policy"), |policy, line, cx| fallback(cx, line, &mut policy.fallback)),
    row("max_age", Shape::One("duration"), |policy, line, _| {
        let word = line.one()?;
        if !policy.max_age.is_zero() {
            return Err(errors::proxy::max_age_twice(line));
        }
        policy.max_age = word.duration()?;
        if policy.max_age.0 <= 0 {
            return Err(errors::proxy::max_age_not_positive(word));
        }
        Ok(())
    }),
];
