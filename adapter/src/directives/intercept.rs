//! `intercept`: changes or replaces responses of the handlers behind it.

use caddis_config::http::handlers::Intercept;
use caddis_grammar::Statement;

use super::{lenient::only_block, reverse_proxy::responses::Responses};
use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, read_line_or},
};

/// See `fixtures/directives/intercept.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "intercept",
    summary: "Changes or replaces responses of the handlers behind it.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<Responses>] = &[
    block_row("handle_response", Shape::Any("@matcher"), |responses, line, _| {
        responses.handle_response(line);
        Ok(())
    }),
    block_row("replace_status", Shape::Any("[@matcher] status"), |responses, line, _| {
        responses.replace_status(line)
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut responses = Responses::default();
    if only_block(cx, call.line) {
        for line in call.line.children() {
            let outcome = read_subdirective(cx, line, &mut responses);
            cx.keep(outcome);
        }
    }
    Ok(call.route(Intercept { handle_response: responses.finish(cx) }))
}

fn read_subdirective(cx: &mut Cx<'_>, line: &Statement, responses: &mut Responses) -> Parsed<()> {
    if line.name().text.starts_with('@') {
        return responses.define_matcher(cx, line);
    }
    read_line_or(cx, line, ROWS, responses, |_, line, _| {
        Err(errors::proxy::unknown_subdirective(line.name(), ROWS.iter().map(|row| row.name)))
    })
}
