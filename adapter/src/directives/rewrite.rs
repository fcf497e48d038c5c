//! `rewrite`: another path and query for the request.

use caddis_config::http::handlers::Rewrite;

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::{ignore_block, ignore_from},
    errors,
};

/// See `fixtures/directives/rewrite.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "rewrite",
    summary: "Gives the request another path and query.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let (matcher, uri) = match call.statement.args() {
        [] => return Err(errors::handlers::rewrite_without_uri(call.statement)),
        // A lone argument is the URI, even where it looks like a matcher.
        [uri] => (None, uri),
        [_, _] => (call.matcher.clone(), &call.line.args()[0]),
        [_, _, extra, ..] => return Err(errors::handlers::rewrite_with_too_many(extra)),
    };
    ignore_from(cx, call.line, 1);
    ignore_block(cx, call.line);
    let rewrite = Rewrite { uri: uri.string(), ..Rewrite::default() };
    Ok(Call { matcher, ..*call }.route(rewrite))
}
