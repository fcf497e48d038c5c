//! `respond`: answers with a fixed status and body.

use caddis_config::{http::handlers::StaticResponse, value::WeakString};

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/respond.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "respond",
    summary: "Answers with a fixed status and body.",
    takes_matcher: true,
    ordered: true,
    read,
};

static ROWS: &[Row<StaticResponse>] = &[
    row("body", Shape::One("text"), |response, line, _| {
        if !response.body.is_empty() {
            return Err(errors::already_specified(line.name(), "body"));
        }
        response.body = line.words[1].string().into();
        Ok(())
    }),
    row("close", Shape::Flag, |response, line, _| {
        if response.close {
            return Err(errors::already_specified(line.name(), "close"));
        }
        response.close = true;
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut response = StaticResponse::default();
    match call.line.args() {
        [] => {}
        // A lone number of three digits is a status, anything else a body.
        [only] if only.text.len() == 3 && only.text.bytes().all(|b| b.is_ascii_digit()) => {
            response.status_code = WeakString::from(only.string());
        }
        [body] => response.body = body.string().into(),
        [body, status] => {
            response.body = body.string().into();
            response.status_code = WeakString::from(status.string());
        }
        [_, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
    }
    read_block(cx, call.line, ROWS, &mut response);
    Ok(call.route(response))
}
