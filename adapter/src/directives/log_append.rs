//! `log_append`: adds a field to the access log entry.

use caddis_config::http::handlers::LogAppend;

use crate::{
    args::Value,
    directive::Directive,
    directives::lenient::{ignore_block, ignore_from},
    errors,
};

/// See `fixtures/directives/log_append.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "log_append",
    summary: "Adds a field to the entry in the access log.",
    takes_matcher: true,
    ordered: true,
    read: |cx, call| {
        let [key, value, ..] = call.line.args() else {
            return Err(errors::missing_argument(call.line));
        };
        ignore_from(cx, call.line, 2);
        ignore_block(cx, call.line);
        // `<` takes the value before the request is handled.
        let early = key.text.strip_prefix('<').filter(|name| !name.is_empty());
        let name = early.map_or_else(|| key.string(), str::to_owned);
        Ok(call.route(LogAppend { key: name, value: value.string(), early: early.is_some() }))
    },
};
