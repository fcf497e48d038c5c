//! `invoke`: runs a named route.

use caddis_config::http::handlers::Invoke;

use crate::{
    args::{Args, Value},
    directive::Directive,
    directives::lenient::no_block,
};

/// See `fixtures/directives/invoke.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "invoke",
    summary: "Runs a named route.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        no_block(cx, call.line)?;
        let name = call.line.one()?;
        cx.state.invoked.push((name.string(), name.span));
        Ok(call.route(Invoke { name: name.string() }))
    },
};
