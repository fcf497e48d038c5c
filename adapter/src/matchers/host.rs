//! `host`: the host of the request.

use caddis_config::http::matchers::Host;

use super::{MatcherKind, lines};

/// See `fixtures/matchers/host.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "host",
    summary: "Matches the host of the request.",
    read: |_, uses| Ok(Host(lines::words(uses.lines)?).into()),
};
