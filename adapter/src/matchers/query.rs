//! `query`: parameters of the query string.

use caddis_config::http::matchers::Query;

use super::{MatcherKind, lines};
use crate::errors;

/// See `fixtures/matchers/query.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "query",
    summary: "Matches parameters of the query string.",
    read: |_, uses| {
        let mut query = Query::default();
        for line in uses.lines {
            lines::no_block(line)?;
            for word in line.args().iter().filter(|word| !word.text.is_empty()) {
                let Some((parameter, value)) = word.text.split_once('=') else {
                    return Err(errors::matchers::malformed_query(word));
                };
                query.0.entry(parameter.to_owned()).or_default().push(value.to_owned());
            }
        }
        Ok(query.into())
    },
};
