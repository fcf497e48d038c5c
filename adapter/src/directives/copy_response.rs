//! `copy_response`: passes an upstream's response on from inside `handle_response`.

use caddis_config::{go::number::atoi, http::handlers::CopyResponse};

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::ignore_from,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/copy_response.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "copy_response",
    summary: "Passes the upstream's response on, inside `handle_response`.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<CopyResponse>] = &[row("status", Shape::One("code"), |copy, line, _| {
    copy.status_code = line.words[1].string().into();
    Ok(())
})];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut copy = CopyResponse::default();
    match call.line.args() {
        [status] if atoi(&status.text).is_ok_and(|number| number > 0) => {
            copy.status_code = status.string().into();
        }
        _ => {
            ignore_from(cx, call.line, 0);
            read_block(cx, call.line, ROWS, &mut copy);
        }
    }
    Ok(call.route(copy))
}
