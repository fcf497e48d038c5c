//! What can be wrong in a Caddyfile beyond its grammar: one constructor for each finding, so that all wording is here.
//!
//! Codes: E02xx sites and addresses, E03xx directives, E04xx matchers, E05xx options, E06xx TLS, E07xx modules.

pub(crate) mod definitions;
pub(crate) mod directives;
pub(crate) mod handlers;
pub(crate) mod lint;
pub(crate) mod logging;
pub(crate) mod matchers;
pub(crate) mod modules;
pub(crate) mod options;
pub(crate) mod plugins;
pub(crate) mod proxy;
pub(crate) mod sites;
pub(crate) mod tls;
pub(crate) mod trust;

use caddis_grammar::{Block, Code, Diagnostic, Span, Statement, Token, suggest};

pub(crate) use self::{definitions::*, directives::*, modules::*};

type Error = Box<Diagnostic>;

fn error(code: &'static str, span: Span, message: impl Into<String>) -> Error {
    Box::new(Diagnostic::error(Code(code), span, message))
}

fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Error {
    Box::new(Diagnostic::warning(Code(code), span, message))
}

fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(word, known).map(|known| format!("did you mean `{known}`?"))
}

/// The nearest known word, or all of them where they are few.
fn one_of<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// As many as a reader takes in at a glance.
    const FEW: usize = 6;
    let known: Vec<&str> = known.into_iter().collect();
    did_you_mean(word, known.iter().copied())
        .or_else(|| (1..=FEW).contains(&known.len()).then(|| format!("known here: `{}`", known.join("`, `"))))
}

/// An argument too many.
pub(crate) fn wrong_argument_count(extra: &Token) -> Error {
    let message = format!("wrong argument count or unexpected line ending after '{}'", extra.text);
    error("E0301", extra.span, message)
}

/// An argument too few.
pub(crate) fn missing_argument(statement: &Statement) -> Error {
    let last = statement.words.last().unwrap_or(statement.name());
    let message = format!("wrong argument count or unexpected line ending after '{}'", last.text);
    Box::new(error("E0302", last.span, message).help("an argument is missing here"))
}

/// A block where none belongs.
pub(crate) fn unexpected_block(statement: &Statement, block: &Block) -> Error {
    let last = statement.words.last().unwrap_or(statement.name());
    let message = "wrong argument count or unexpected line ending after '{'".to_owned();
    let finding = error("E0303", block.open, message).label(last.span, "this takes no block");
    Box::new(finding.help(format!("`{}` takes no block", statement.name().text)))
}

/// A block after values, where Caddy takes the braces for values too.
pub(crate) fn braces_for_values(statement: &Statement, block: &Block) -> Error {
    let last = statement.words.last().unwrap_or(statement.name());
    let finding = error("E0308", block.open, "the braces would be taken for values");
    Box::new(
        finding.label(last.span, "this takes no block").help("a value that is a brace stands between quotes"),
    )
}

/// A line of a block that the directive does not know.
pub(crate) fn unknown_subdirective<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0304", name.span, format!("unrecognized subdirective '{}'", name.text));
    Box::new(finding.maybe_help(one_of(&name.text, known)))
}

/// A sub-directive that can be given once only, and its like.
pub(crate) fn already_specified(name: &Token, what: &str) -> Error {
    error("E0305", name.span, format!("{what} already specified"))
}

/// A word that is no duration; `reason` is Go's.
pub(crate) fn bad_duration(word: &Token, reason: &str) -> Error {
    let finding = error("E0306", word.span, format!("parsing duration: {reason}"));
    Box::new(finding.help("for example `30s`, `5m`, `1h30m` or `7d`"))
}

/// A word that is no number.
pub(crate) fn bad_number(word: &Token, what: &str) -> Error {
    let message = format!("{what}: strconv.Atoi: parsing \"{}\": invalid syntax", word.text);
    error("E0307", word.span, message)
}
