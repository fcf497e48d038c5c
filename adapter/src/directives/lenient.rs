//! What Caddy passes over without a word: here it is passed over with a warning.

use caddis_grammar::{Statement, Token};

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
};

/// Warns of a block that is not read.
pub(crate) fn ignore_block(cx: &mut Cx<'_>, line: &Statement) {
    if let Some(block) = &line.block {
        cx.report(errors::handlers::ignored_block(line.name(), block));
    }
}

/// Warns of the arguments from the one at `index` on; whether there are any.
pub(crate) fn ignore_from(cx: &mut Cx<'_>, line: &Statement, index: usize) -> bool {
    let ignored = line.args().get(index..).unwrap_or_default();
    for word in ignored {
        cx.report(errors::handlers::ignored_argument(word));
    }
    !ignored.is_empty()
}

/// For directives that consist of their block: whether it is to be read. Caddy does not look for it after an argument.
pub(crate) fn only_block(cx: &mut Cx<'_>, line: &Statement) -> bool {
    let ignored = ignore_from(cx, line, 0);
    if ignored {
        ignore_block(cx, line);
    }
    !ignored
}

/// Warns of an empty block, which Caddy passes over where it rejects one with lines.
///
/// # Errors
/// A block with lines.
pub(crate) fn ignore_empty_block(cx: &mut Cx<'_>, line: &Statement) -> Parsed<()> {
    if !line.children().is_empty() {
        return line.no_block();
    }
    ignore_block(cx, line);
    Ok(())
}

/// Rejects a block. Inside other directives Caddy drops empty ones before it looks.
///
/// # Errors
/// A block, other than an empty one inside another directive.
pub(crate) fn no_block(cx: &mut Cx<'_>, line: &Statement) -> Parsed<()> {
    if cx.matchers.are_nested() { ignore_empty_block(cx, line) } else { line.no_block() }
}

/// The value of a line behind which Caddy reads on as if a new line began.
///
/// # Errors
/// A word behind the value.
pub(crate) fn lone_value(line: &Statement) -> Parsed<&Token> {
    match line.args() {
        [_, option, ..] => Err(errors::proxy::option_on_the_same_line(line, option)),
        _ => line.one(),
    }
}
