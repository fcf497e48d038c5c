//! `header`: changes to the header of the response.

use caddis_config::http::handlers::{HeaderOps, Headers, ResponseHeaderOps};
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::{
        header_ops::{Conditions, Field},
        lenient::{ignore_block, ignore_from},
    },
    errors, response_matchers,
};

/// See `fixtures/directives/header.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "header",
    summary: "Changes the header of the response.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// Defaults (`?Field`) depend on the response, so they go to a handler of their own when they stand in a block.
#[derive(Default)]
struct Handlers {
    plain: Response,
    defaults: Response,
}

#[derive(Default, PartialEq)]
struct Response {
    ops: HeaderOps,
    conditions: Conditions,
}

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut handlers = Handlers::default();
    if let Some(field) = Field::of(call.line.args()) {
        apply(field, &mut handlers.plain)?;
    }
    // Caddy looks for a block right after the third word only.
    if ignore_from(cx, call.line, 3) {
        ignore_block(cx, call.line);
    } else {
        for line in call.line.children() {
            let outcome = read_line(cx, call, line, &mut handlers);
            cx.keep(outcome);
        }
    }
    let used =
        [handlers.plain, handlers.defaults].into_iter().filter(|response| *response != Response::default());
    Ok(used.flat_map(|response| call.route(response.handler())).collect())
}

fn read_line(cx: &mut Cx<'_>, call: &Call<'_>, line: &Statement, handlers: &mut Handlers) -> Parsed<()> {
    // A line is up to three words; Caddy takes further ones for further fields.
    let mut words = &line.words[..];
    while let Some(field) = Field::of(words) {
        match field.name {
            "defer" => {
                line.no_braces()?;
                handlers.plain.conditions.deferred = true;
                words = &words[1..];
                continue;
            }
            "match" => {
                let condition = Statement { words: words.to_vec(), block: line.block.clone() };
                handlers.plain.conditions.require = Some(response_matchers::read(cx, &condition)?);
                return Ok(());
            }
            _ if line.block.is_some() => return line.no_braces(),
            _ if !call.line.args().is_empty() => return Err(errors::handlers::headers_in_both(field.token)),
            _ => {}
        }
        let field = field.without_colon();
        let target = if field.name.starts_with('?') { &mut handlers.defaults } else { &mut handlers.plain };
        apply(field, target)?;
        words = words.get(3..).unwrap_or_default();
        if let Some(next) = words.first() {
            cx.report(errors::handlers::another_field(next));
        }
    }
    Ok(())
}

impl Response {
    fn handler(self) -> Headers {
        let Conditions { deferred, require } = self.conditions;
        Headers { response: Some(ResponseHeaderOps { deferred, require, ..self.ops.into() }), request: None }
    }
}

fn apply(field: Field<'_>, to: &mut Response) -> Parsed<()> {
    field.apply(&mut to.ops, Some(&mut to.conditions))
}
