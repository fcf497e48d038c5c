//! `url_pattern`: the URL of the request by a pattern.

use caddis_config::http::matchers::UrlPattern;

use super::MatcherKind;
use crate::{
    args::Value,
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/matchers/url_pattern.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "url_pattern",
    summary: "Matches the URL of the request by a pattern.",
    read: |cx, uses| {
        let mut pattern = UrlPattern::default();
        for line in uses.lines {
            let [word] = line.args() else {
                return Err(errors::matchers::expected_one_pattern(line));
            };
            pattern.pattern = word.string();
            read_block(cx, line, ROWS, &mut pattern);
        }
        Ok(pattern.into())
    },
};

pub(crate) static ROWS: &[Row<UrlPattern>] = &[
    row("base_url", Shape::One("url"), |pattern, line, _| {
        pattern.base_url = line.words[1].string();
        Ok(())
    }),
    row("ignore_case", Shape::Flag, |pattern, _, _| {
        pattern.ignore_case = true;
        Ok(())
    }),
];
