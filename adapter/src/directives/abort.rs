//! `abort`: drops the connection without an answer.

use caddis_config::http::handlers::StaticResponse;

use crate::{args::Args, directive::Directive, directives::lenient::no_block};

/// See `fixtures/directives/abort.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "abort",
    summary: "Drops the connection without an answer.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        call.line.none()?;
        no_block(cx, call.line)?;
        Ok(call.route(StaticResponse { abort: true, ..StaticResponse::default() }))
    },
};
