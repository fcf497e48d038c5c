//! `log_skip`: keeps the request out of the access log.

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::vars::variable,
    errors,
};

/// See `fixtures/directives/log_skip.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "log_skip",
    summary: "Keeps the request out of the access log.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// The former name.
pub(crate) static FORMER: Directive = Directive {
    name: "skip_log",
    read: |cx, call| {
        cx.report(errors::handlers::renamed(call.statement.name(), DIRECTIVE.name));
        read(cx, call)
    },
    ..DIRECTIVE
};

fn read(_: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    call.line.none()?;
    if let Some(line) = call.line.children().first() {
        return Err(errors::handlers::log_skip_with_block(line));
    }
    Ok(call.route(variable("log_skip", true)))
}
