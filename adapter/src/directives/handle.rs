//! `handle`: directives of which only one block is run, the first that matches.

use crate::{args::Args, directive::Directive};

/// See `fixtures/directives/handle.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "handle",
    summary: "Runs a block of directives; of several, only the first that matches.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        call.line.none()?;
        Ok(call.route(cx.subroute(call.line.children(), true)?))
    },
};
