//! `header_regexp`: fields of the request's header by regular expressions.

use caddis_config::http::matchers::HeaderRegexp;

use super::{MatcherKind, lines};
use crate::errors;

/// See `fixtures/matchers/header_regexp.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "header_regexp",
    summary: "Matches fields of the request's header by regular expressions.",
    read: |_, uses| {
        let mut header = HeaderRegexp::default();
        for line in uses.lines {
            let (field, regexp) = lines::field_and_regexp(line, uses.definition)?;
            if header.0.insert(field.text.to_string(), regexp).is_some() {
                return Err(errors::matchers::header_regexp_only_once(field));
            }
        }
        Ok(header.into())
    },
};
