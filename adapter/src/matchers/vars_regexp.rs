//! `vars_regexp`: values of variables and placeholders by regular expressions.

use caddis_config::http::matchers::VarsRegexp;

use super::{MatcherKind, lines};

/// See `fixtures/matchers/vars_regexp.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "vars_regexp",
    summary: "Matches values of variables and placeholders by regular expressions.",
    read: |_, uses| {
        let mut vars = VarsRegexp::default();
        for line in uses.lines {
            let (variable, regexp) = lines::field_and_regexp(line, uses.definition)?;
            // The last line for a variable wins.
            vars.0.insert(variable.text.to_string(), regexp);
        }
        Ok(vars.into())
    },
};
