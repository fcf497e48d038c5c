//! `vars`: values of variables and placeholders.

use caddis_config::http::matchers::Vars;

use super::{MatcherKind, lines};
use crate::errors;

/// See `fixtures/matchers/vars.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "vars",
    summary: "Matches values of variables and placeholders.",
    read: |_, uses| {
        let mut vars = Vars::default();
        for line in uses.lines {
            lines::no_block(line)?;
            match line.args() {
                [] => return Err(errors::matchers::vars_without_name(line)),
                [_] => return Err(errors::matchers::vars_without_value(line)),
                [name, values @ ..] => {
                    let values = values.iter().map(|value| value.text.to_string());
                    vars.0.entry(name.text.to_string()).or_default().extend(values);
                }
            }
        }
        Ok(vars.into())
    },
};
