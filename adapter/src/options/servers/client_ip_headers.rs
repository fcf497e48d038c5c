//! `servers { client_ip_headers … }`: the header fields in which trusted proxies name the client.

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
    let headers = &mut settings.server.client_ip_headers;
    for word in line.args() {
        if headers.iter().any(|known| **known == *word.text) {
            return Err(errors::options::client_ip_header_twice(word));
        }
        headers.push(word.string());
    }
    Ok(())
}
