//! `method`: the method of the request.

use caddis_config::http::matchers::Method;

use super::{MatcherKind, lines};

/// See `fixtures/matchers/method.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "method",
    summary: "Matches the method of the request.",
    read: |_, uses| Ok(Method(lines::words(uses.lines)?).into()),
};
