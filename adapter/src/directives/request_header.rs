//! `request_header`: changes to the header of the request.

use caddis_config::http::handlers::{HeaderOps, Headers};

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::{header_ops::Field, lenient::ignore_block},
    errors,
};

/// See `fixtures/directives/request_header.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "request_header",
    summary: "Changes the header of the request.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let Some(field) = Field::of(call.line.args()) else {
        return Err(errors::missing_argument(call.line));
    };
    if let Some(extra) = call.line.args().get(3) {
        return Err(errors::wrong_argument_count(extra));
    }
    let mut request = HeaderOps::default();
    field.without_colon().apply(&mut request, None)?;
    ignore_block(cx, call.line);
    Ok(call.route(Headers { request: Some(request), ..Headers::default() }))
}
