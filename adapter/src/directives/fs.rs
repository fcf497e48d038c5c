//! `fs`: the file system that later directives find files in.

use crate::{
    args::{Args, Value},
    directive::Directive,
    directives::{lenient::ignore_block, vars::variable},
};

/// See `fixtures/directives/fs.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "fs",
    summary: "Sets the file system in which files are found.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        let name = call.line.one()?.string();
        ignore_block(cx, call.line);
        Ok(call.route(variable("fs", name)))
    },
};
