//! `log_name`: the loggers that get the request's entry.

use serde_json::Value as Json;

use crate::{
    args::Value,
    directive::Directive,
    directives::{lenient::ignore_block, vars::variable},
};

/// See `fixtures/directives/log_name.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "log_name",
    summary: "Chooses the loggers that the request's entry goes to.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        ignore_block(cx, call.line);
        let names: Vec<String> = call.line.args().iter().map(Value::string).collect();
        let names = if names.is_empty() { Json::Null } else { names.into() };
        Ok(call.route(variable("access_logger_names", names)))
    },
};
