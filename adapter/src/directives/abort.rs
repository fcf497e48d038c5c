//! `abort`: drops the connection without an answer.

use caddis_config::http::handlers::StaticResponse;

use crate::{args::Args, directive::Directive};

/// See `fixtures/directives/abort.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "abort",
    summary: "Drops the connection without an answer.",
    takes_matcher: true,
    ordered: true,
    read: |_, call| {
        call.line.none()?;
        call.line.no_block()?;
        Ok(call.route(StaticResponse { abort: true, ..StaticResponse::default() }))
    },
};
