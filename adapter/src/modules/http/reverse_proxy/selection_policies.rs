//! Which upstream gets a request: `lb_policy <name> …`.

use caddis_config::http::reverse_proxy::{
    SelectionPolicy,
    selection_policies::{ClientIpHash, First, IpHash, LeastConn, Random, RoundRobin, UriHash},
};
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    modules::{Module, Pluggable},
};

pub(crate) mod cookie;
pub(crate) mod header;
pub(crate) mod query;
mod random_choose;
mod weighted_round_robin;

impl Pluggable for SelectionPolicy {
    const NAMESPACE: &'static str = "http.reverse_proxy.selection_policies";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "client_ip_hash", read: |_, line| plain(line, ClientIpHash::default()) },
        Module { name: "cookie", read: cookie::read },
        Module { name: "first", read: |_, line| plain(line, First::default()) },
        Module { name: "header", read: header::read },
        Module { name: "ip_hash", read: |_, line| plain(line, IpHash::default()) },
        Module { name: "least_conn", read: |_, line| plain(line, LeastConn::default()) },
        Module { name: "query", read: query::read },
        Module { name: "random", read: |_, line| plain(line, Random::default()) },
        Module { name: "random_choose", read: random_choose::read },
        Module { name: "round_robin", read: |_, line| plain(line, RoundRobin::default()) },
        Module { name: "uri_hash", read: |_, line| plain(line, UriHash::default()) },
        Module { name: "weighted_round_robin", read: weighted_round_robin::read },
    ];
}

/// A policy with nothing to set.
fn plain(line: &Statement, policy: impl Into<SelectionPolicy>) -> Parsed<SelectionPolicy> {
    line.none()?;
    Ok(policy.into())
}

/// Reads `fallback <policy> …`: what decides where the request lacks what is to be hashed.
fn fallback(cx: &mut Cx<'_>, line: &Statement, policy: &mut Option<Box<SelectionPolicy>>) -> Parsed<()> {
    if policy.is_some() {
        return Err(errors::proxy::fallback_twice(line));
    }
    *policy = Some(Box::new(cx.module_argument(line)?));
    Ok(())
}
