//! `templates`: runs responses as templates.

use caddis_config::http::handlers::{TemplateFunctions, Templates};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::{ignore_from, only_block},
    errors,
    table::{Nested, Row, Shape, block_row, lenient_row, read_line},
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
    lenient_row("mime", Shape::Some("types"), |templates, line, _| {
        templates.mime_types = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
    lenient_row("between", Shape::Any("open> <close"), |templates, line, _| {
        templates.delimiters = line.exactly::<2>()?.map(Value::string).to_vec();
        Ok(())
    }),
    // Caddy takes further words for a line of their own, and passes over lines that it does not know.
    lenient_row("root", Shape::Some("path"), |templates, line, cx| {
        templates.file_root = line.words[1].string();
        ignore_from(cx, line, 1);
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
        read_lines(cx, call.line.children(), &mut templates);
    }
    Ok(call.route(templates))
}

/// Caddy passes over the words and braces of lines that it does not know, but not over the lines between the braces.
fn read_lines(cx: &mut Cx<'_>, lines: &[Statement], templates: &mut Templates) {
    for line in lines {
        let row = ROWS.iter().find(|row| *row.name == *line.name().text);
        if row.is_some() {
            let outcome = read_line(cx, line, ROWS, templates);
            cx.keep(outcome);
        } else {
            cx.report(errors::ignored_line(line));
        }
        if row.is_none_or(|row| row.nested == Nested::Ignored) {
            read_lines(cx, line.children(), templates);
        }
    }
}
