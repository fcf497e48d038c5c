//! `client_ip`: the address of the client, as trusted proxies tell it.

use caddis_config::http::matchers::ClientIp;

use super::{MatcherKind, lines};
use crate::values::ip_ranges;

/// See `fixtures/matchers/client_ip.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "client_ip",
    summary: "Matches the address of the client, as trusted proxies tell it.",
    read: |_, uses| Ok(ClientIp { ranges: ip_ranges(lines::words(uses.lines)?) }.into()),
};
