//! `path`: the path of the request, with wildcards.

use caddis_config::http::matchers::Path;

use super::{MatcherKind, lines};

/// See `fixtures/matchers/path.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "path",
    summary: "Matches the path of the request.",
    read: |_, uses| Ok(Path(lines::words(uses.lines)?).into()),
};
