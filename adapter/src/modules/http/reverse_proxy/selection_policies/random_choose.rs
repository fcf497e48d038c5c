//! `lb_policy random_choose`: the least busy of some upstreams picked at random.

use caddis_config::http::reverse_proxy::{SelectionPolicy, selection_policies::RandomChoose};
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    values::integer,
};

pub(super) fn read(_: &mut Cx<'_>, line: &Statement) -> Parsed<SelectionPolicy> {
    Ok(RandomChoose { choose: integer(line.one()?, "invalid choice value")? }.into())
}
