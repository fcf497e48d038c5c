//! `servers { strict_sni_host … }`: whether `Host` must be the name that TLS was set up for.

use caddis_grammar::Statement;

use super::ServerOptions;
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
};

pub(super) fn read(settings: &mut ServerOptions, line: &Statement, _: &mut Cx<'_>) -> Parsed<()> {
    let strict = match line.optional()? {
        None => true,
        Some(word) => match &*word.text {
            "on" => true,
            "insecure_off" => false,
            _ => return Err(errors::options::bad_strict_sni_host(word)),
        },
    };
    settings.server.strict_sni_host = Some(strict);
    Ok(())
}
