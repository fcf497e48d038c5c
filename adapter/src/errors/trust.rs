//! What can be wrong with sources of trusted certificates.

use caddis_grammar::{Block, Statement, Token};

use super::{Error, did_you_mean, error};

/// A line that the source does not know.
pub(crate) fn unknown_directive<'a>(name: &Token, known: impl IntoIterator<Item = &'a str>) -> Error {
    let finding = error("E0710", name.span, format!("unrecognized directive: {}", name.text));
    Box::new(finding.maybe_help(did_you_mean(&name.text, known)))
}

/// A source of nothing; `what` is what it lacks.
pub(crate) fn nothing_to_trust(line: &Statement, what: &str) -> Error {
    error("E0711", line.span(), format!("no {what} specified"))
}

/// `system` with a block.
pub(crate) fn system_with_block(block: &Block) -> Error {
    let at = block.statements.first().map_or(block.open, Statement::span);
    error("E0712", at, "system trust pool does not support any configuration")
}

/// A second `storage`.
pub(crate) fn storage_twice(line: &Statement) -> Error {
    error("E0713", line.name().span, "storage module already set")
}

/// A second `tls`.
pub(crate) fn tls_twice(line: &Statement) -> Error {
    error("E0713", line.name().span, "tls block already defined")
}

/// A level of renegotiation that does not exist.
pub(crate) fn bad_renegotiation(word: &Token) -> Error {
    let finding = error("E0714", word.span, format!("unrecognized renegotiation level: {}", word.text));
    Box::new(finding.help("one of never, once, freely"))
}
