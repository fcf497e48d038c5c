//! The lines of `reverse_proxy` that say where requests go: `to` and `dynamic`.

use caddis_config::http::reverse_proxy::Upstream;
use caddis_grammar::{Statement, Token};

use super::{Draft, address::UpstreamAddress};
use crate::{
    cx::{Cx, Parsed},
    errors,
};

pub(super) fn to(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    draft.read_upstreams(cx, line);
    Ok(())
}

pub(super) fn dynamic(draft: &mut Draft, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    if draft.proxy.dynamic_upstreams.is_some() {
        cx.report(errors::proxy::dynamic_upstreams_twice(line));
    }
    draft.proxy.dynamic_upstreams = Some(cx.module_argument(line)?);
    Ok(())
}

/// Adds the upstreams that one address stands for.
pub(super) fn add(draft: &mut Draft, word: &Token) -> Parsed<()> {
    let invalid = |reason: String| errors::proxy::bad_upstream(word, &reason);
    let address = UpstreamAddress::parse(&word.text).map_err(invalid)?;
    match address.scheme.as_str() {
        "" | "http" | "https" | "h2c" => {}
        "ws" | "wss" => return Err(errors::proxy::browser_scheme(word, &address.scheme)),
        other => return Err(errors::proxy::unsupported_scheme(word, other)),
    }
    if !draft.scheme.is_empty() && draft.scheme != address.scheme {
        return Err(errors::proxy::mixed_schemes(word, &draft.scheme, &address.scheme));
    }
    draft.scheme.clone_from(&address.scheme);
    let dials = address.dial().map_err(invalid)?;
    draft.proxy.upstreams.extend(dials.into_iter().map(|dial| Upstream { dial, ..Upstream::default() }));
    Ok(())
}
