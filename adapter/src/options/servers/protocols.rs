//! `servers { protocols … }`: the versions of HTTP that are spoken.

use caddis_grammar::Statement;

use super::ServerOptions;
use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directives::lenient::ignore_empty_block,
    errors,
};

pub(super) fn read(settings: &mut ServerOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    ignore_empty_block(cx, line)?;
    let protocols = &mut settings.server.protocols;
    for word in line.args() {
        if !matches!(&*word.text, "h1" | "h2" | "h2c" | "h3") {
            return Err(errors::options::unknown_protocol(word));
        }
        if protocols.iter().any(|known| **known == *word.text) {
            return Err(errors::options::protocol_twice(word));
        }
        protocols.push(word.string());
    }
    Ok(())
}
