//! The `lb_…` lines of `reverse_proxy`.

use caddis_config::http::reverse_proxy::LoadBalancing;
use caddis_grammar::Statement;

use super::Draft;
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    matchers::nested_set,
    values::{duration, integer},
};

impl Draft {
    fn load_balancing(&mut self) -> &mut LoadBalancing {
        self.proxy.load_balancing.get_or_insert_default()
    }
}

pub(super) fn policy(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    if draft.load_balancing().selection_policy.is_some() {
        return Err(errors::proxy::selection_policy_twice(line));
    }
    draft.load_balancing().selection_policy = Some(cx.module_argument(line)?);
    Ok(())
}

pub(super) fn retries(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.load_balancing().retries = integer(line.one()?, "bad lb_retries number")?;
    Ok(())
}

pub(super) fn try_duration(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.load_balancing().try_duration = duration(line.one()?, "bad duration value")?;
    Ok(())
}

pub(super) fn try_interval(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.load_balancing().try_interval = duration(line.one()?, "bad interval value")?;
    Ok(())
}

pub(super) fn retry_match(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let matcher = nested_set(cx, line)?;
    draft.load_balancing().retry_match.push(matcher);
    Ok(())
}
