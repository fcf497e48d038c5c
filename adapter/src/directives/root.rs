//! `root`: the folder that later directives find files in, kept in a variable.

use crate::{
    args::Value,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::{
        lenient::{ignore_block, ignore_from},
        vars::variable,
    },
    errors,
};

/// See `fixtures/directives/root.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "root",
    summary: "Sets the folder in which files are found.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let (matcher, path) = match call.statement.args() {
        [] => return Err(errors::handlers::root_without_path(call.statement)),
        // A lone argument is the folder, even where it looks like a matcher.
        [path] => (None, path),
        [_, _] => (call.matcher.clone(), &call.line.args()[0]),
        [_, _, extra, ..] => return Err(errors::handlers::root_with_too_many(extra)),
    };
    ignore_from(cx, call.line, 1);
    ignore_block(cx, call.line);
    Ok(Call { matcher, ..*call }.route(variable("root", path.string())))
}
