//! `not`: none of the enclosed matcher sets.

use caddis_config::http::matchers::Not;

use super::{MatcherKind, nested_set};

/// See `fixtures/matchers/not.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "not",
    summary: "Matches when none of the enclosed sets does.",
    read: |cx, uses| {
        let mut not = Not::default();
        for line in uses.lines {
            not.0.push(nested_set(cx, line)?);
        }
        Ok(not.into())
    },
};
