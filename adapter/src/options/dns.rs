//! `dns` and `acme_dns`: the DNS provider of everything, and the one of ACME challenges alone.

use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::cx::{Cx, Parsed};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    options.dns = Some(cx.module_argument(line)?);
    Ok(())
}

/// Without a provider it is the one of `dns`.
pub(super) fn acme_dns(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    options.acme_dns = Some(if line.args().is_empty() { None } else { Some(cx.module_argument(line)?) });
    Ok(())
}
