//! `dynamic multi`: several sources, one a line.

use caddis_config::http::reverse_proxy::{UpstreamSource, upstreams::Multi};
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<UpstreamSource> {
    line.none()?;
    let mut multi = Multi::default();
    for source in line.children() {
        let source = cx.module(source);
        multi.sources.extend(cx.keep(source));
    }
    Ok(multi.into())
}
