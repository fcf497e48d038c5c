//! `path_regexp`: the path of the request by a regular expression.

use caddis_config::http::matchers::PathRegexp;

use super::{MatcherKind, lines};
use crate::errors;

/// See `fixtures/matchers/path_regexp.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "path_regexp",
    summary: "Matches the path of the request by a regular expression.",
    read: |_, uses| {
        if let Some(second) = uses.lines.get(1) {
            return Err(errors::matchers::regexp_only_once(second.name()));
        }
        let line = &uses.lines[0];
        lines::no_block(line)?;
        let regexp = match line.args() {
            [pattern] => lines::regexp(None, uses.definition, pattern),
            [name, pattern] => lines::regexp(Some(&name.text), uses.definition, pattern),
            [] => return Err(errors::missing_argument(line)),
            [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
        };
        Ok(PathRegexp(regexp).into())
    },
};
