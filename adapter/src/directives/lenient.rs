//! What Caddy passes over without a word: here it is passed over with a warning.

use caddis_grammar::Statement;

use crate::{cx::Cx, errors};

/// Warns of a block that is not read.
pub(super) fn ignore_block(cx: &mut Cx<'_>, line: &Statement) {
    if let Some(block) = &line.block {
        cx.report(errors::handlers::ignored_block(line.name(), block));
    }
}

/// Warns of the arguments from the one at `index` on; whether there are any.
pub(super) fn ignore_from(cx: &mut Cx<'_>, line: &Statement, index: usize) -> bool {
    let ignored = line.args().get(index..).unwrap_or_default();
    for word in ignored {
        cx.report(errors::handlers::ignored_argument(word));
    }
    !ignored.is_empty()
}

/// For directives that consist of their block: whether it is to be read. Caddy does not look for it after an argument.
pub(super) fn only_block(cx: &mut Cx<'_>, line: &Statement) -> bool {
    let ignored = ignore_from(cx, line, 0);
    if ignored {
        ignore_block(cx, line);
    }
    !ignored
}
