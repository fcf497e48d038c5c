//! `lb_policy weighted_round_robin`: in turns, some upstreams more often than others.

use caddis_config::http::reverse_proxy::{SelectionPolicy, selection_policies::WeightedRoundRobin};
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    values::integer,
};

pub(super) fn read(_: &mut Cx<'_>, line: &Statement) -> Parsed<SelectionPolicy> {
    let mut policy = WeightedRoundRobin::default();
    for word in line.some()? {
        let weight = integer(word, "invalid weight value")?;
        if weight < 0 {
            return Err(errors::proxy::negative_weight(word));
        }
        policy.weights.push(weight);
    }
    Ok(policy.into())
}
