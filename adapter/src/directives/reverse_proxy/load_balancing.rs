//! The `lb_…` lines of `reverse_proxy`.

use caddis_config::http::reverse_proxy::{LoadBalancing, RetryBudget};
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

pub(super) fn try_max_interval(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    draft.load_balancing().try_max_interval = duration(line.one()?, "bad interval value")?;
    Ok(())
}

pub(super) fn retry_budget(draft: &mut Draft, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let (percent, per_second) = match line.some()? {
        [percent] => (percent, None),
        [percent, per_second, ..] => {
            line.from(2).none()?;
            (percent, Some(per_second))
        }
        [] => return line.some().map(drop),
    };
    let of = |word| integer(word, "bad lb_retry_budget number");
    draft.load_balancing().retry_budget = Some(RetryBudget {
        percent: of(percent)?,
        min_per_second: per_second.map(of).transpose()?.unwrap_or(0),
    });
    Ok(())
}

pub(super) fn retry_match(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let matcher = nested_set(cx, line)?;
    draft.load_balancing().retry_match.push(matcher);
    Ok(())
}
