//! `expression`: a sentence in the Common Expression Language.

use caddis_config::http::matchers::Expression;
use caddis_grammar::{Quote, Token};

use super::MatcherKind;
use crate::errors;

/// See `fixtures/matchers/expression.md`.
pub(crate) static MATCHER: MatcherKind = MatcherKind {
    name: "expression",
    summary: "Matches when an expression in the Common Expression Language is true.",
    read: |cx, uses| {
        let (line, rest) = uses.lines.split_first().expect("a matcher is read because a line names it");
        if let Some(second) = rest.first() {
            cx.report(errors::ignored_line(second));
        }
        match line.args() {
            [] => Err(errors::missing_argument(line)),
            // A lone word cannot be an expression that is only a string, so its quotes are the Caddyfile's.
            [only] => {
                let name = uses.definition.unwrap_or_default().to_owned();
                Ok(Expression { expr: only.text.to_string(), name }.into())
            }
            words => Ok(Expression { expr: raw(words), name: String::new() }.into()),
        }
    },
};

/// The words with their quotes, which belong to the expression when there are several.
fn raw(words: &[Token]) -> String {
    let raw: Vec<String> = words
        .iter()
        .map(|word| match word.quote {
            Quote::Double => format!("\"{}\"", word.text),
            Quote::Backtick => format!("`{}`", word.text),
            Quote::None | Quote::Heredoc => word.text.to_string(),
        })
        .collect();
    raw.join(" ")
}
