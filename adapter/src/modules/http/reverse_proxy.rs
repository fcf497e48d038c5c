//! Modules of `reverse_proxy`: transports, sources of upstreams, policies that pick one.

use caddis_config::http::reverse_proxy::Resolver;
use caddis_grammar::Statement;

use crate::{args::Value, cx::Parsed, errors};

pub(crate) mod selection_policies;
pub(crate) mod transport;
pub(crate) mod upstreams;

/// Reads `resolvers <address...>`.
fn resolver(line: &Statement) -> Parsed<Resolver> {
    if line.args().is_empty() {
        return Err(errors::proxy::no_resolver(line));
    }
    Ok(Resolver { addresses: line.args().iter().map(Value::string).collect() })
}
