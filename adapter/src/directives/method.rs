//! `method`: another method for the request.

use caddis_config::http::handlers::Rewrite;

use crate::{
    args::{Args, Value},
    directive::Directive,
    directives::lenient::ignore_block,
};

/// See `fixtures/directives/method.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "method",
    summary: "Gives the request another method.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        let method = call.line.one()?.string();
        ignore_block(cx, call.line);
        Ok(call.route(Rewrite { method, ..Rewrite::default() }))
    },
};
