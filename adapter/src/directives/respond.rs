//! `respond`: answers with a fixed status and body.

use caddis_config::{go::number::atoi, http::handlers::StaticResponse};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/directives/respond.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "respond",
    summary: "Answers with a fixed status and body.",
    takes_matcher: true,
    ordered: true,
    read,
};

pub(crate) static ROWS: &[Row<StaticResponse>] = &[
    row("body", Shape::One("text"), |response, line, _| {
        if !response.body.is_empty() {
            return Err(errors::already_specified(line.name(), "body"));
        }
        response.body = line.words[1].string();
        Ok(())
    }),
    row("close", Shape::Flag, |response, line, _| {
        if response.close {
            return Err(errors::already_specified(line.name(), "close"));
        }
        response.close = true;
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let (text, status) = text_and_status(call.line)?;
    let mut response = StaticResponse {
        body: text.map(Value::string).unwrap_or_default(),
        status_code: status.map(Value::string).unwrap_or_default().into(),
        ..StaticResponse::default()
    };
    read_block(cx, call.line, ROWS, &mut response);
    Ok(call.route(response))
}

/// The arguments of `respond` and `error`: a text, a status, or a text and a status.
pub(super) fn text_and_status(line: &Statement) -> Parsed<(Option<&Token>, Option<&Token>)> {
    match line.some()? {
        // A lone positive number of three characters is a status, anything else a text.
        [only] if only.text.len() == 3 && atoi(&only.text).is_ok_and(|number| number > 0) => {
            Ok((None, Some(only)))
        }
        [text] => Ok((Some(text), None)),
        [text, status] => Ok((Some(text), Some(status))),
        [_, _, extra, ..] => Err(errors::wrong_argument_count(extra)),
        [] => Err(errors::missing_argument(line)),
    }
}
