//! `request_body`: limits or replaces the body of the request.

use caddis_config::{go::size, http::handlers::RequestBody};

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/request_body.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "request_body",
    summary: "Limits or replaces the body of the request.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<RequestBody>] = &[
    row("max_size", Shape::One("size"), |body, line, _| {
        let size = size::parse(&line.words[1].text)
            .map_err(|error| errors::handlers::bad_size(&line.words[1], "max_size", &error))?;
        // Caddy wraps around here too.
        body.max_size = size as i64;
        Ok(())
    }),
    row("set", Shape::One("body"), |body, line, _| {
        body.set = line.words[1].string();
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut body = RequestBody::default();
    if only_block(cx, call.line) {
        read_block(cx, call.line, ROWS, &mut body);
    }
    Ok(call.route(body))
}
