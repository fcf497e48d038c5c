//! `route`: directives in the order in which they are written.

use crate::{args::Args, directive::Directive};

/// See `fixtures/directives/route.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "route",
    summary: "Runs a block of directives in the order in which they are written.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        call.line.none()?;
        Ok(call.route(cx.subroute(call.line.children(), false)?))
    },
};
