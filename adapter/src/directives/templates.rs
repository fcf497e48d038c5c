//! `templates`: runs responses as templates.

use caddis_config::http::handlers::{TemplateFunctions, Templates};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::only_block,
    errors,
    table::{Row, Shape, block_row, read_line, row},
};

/// See `fixtures/directives/templates.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "templates",
    summary: "Runs responses as templates.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<Templates>] = &[
    row("mime", Shape::Some("types"), |templates, line, _| {
        templates.mime_types = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    row("between", Shape::Any("open> <close"), |templates, line, _| {
        templates.delimiters = line.exactly::<2>()?.map(Value::string).to_vec();
        Ok(())
    }),
    row("root", Shape::One("path"), |templates, line, _| {
        templates.file_root = line.words[1].string();
        Ok(())
    }),
    block_row("extensions", Shape::Flag, |templates, line, cx| {
        if !templates.extensions.is_empty() {
            return Err(errors::already_specified(line.name(), "extensions"));
        }
        for module in line.children() {
            let functions = cx.module::<TemplateFunctions>(module);
            if let Some(functions) = cx.keep(functions) {
                templates.extensions.insert(functions);
            }
        }
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut templates = Templates::default();
    if only_block(cx, call.line) {
        for line in call.line.children() {
            // Caddy passes over lines that it does not know.
            if ROWS.iter().any(|row| *row.name == *line.name().text) {
                let outcome = read_line(cx, line, ROWS, &mut templates);
                cx.keep(outcome);
            } else {
                cx.report(errors::ignored_line(line));
            }
        }
    }
    Ok(call.route(templates))
}
