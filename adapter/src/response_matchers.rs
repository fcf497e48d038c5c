//! Conditions on a response, as `header`, `encode`, `intercept` and `reverse_proxy` take them.

use caddis_config::http::ResponseMatcher;
use caddis_grammar::Statement;

use crate::{
    cx::{Cx, Parsed},
    directives::lenient::ignore_block,
    errors, matchers,
    table::{Row, Shape, block_row, read_block, read_line, row},
};

/// Reads `<name> status|header <arguments...>`, with further lines in a block, or only the block.
pub(crate) fn read(cx: &mut Cx<'_>, statement: &Statement) -> Parsed<ResponseMatcher> {
    let mut matcher = ResponseMatcher::default();
    if !statement.args().is_empty() {
        let inline = Statement { words: statement.args().to_vec(), block: None };
        read_line(cx, &inline, ROWS, &mut matcher)?;
    }
    read_block(cx, statement, ROWS, &mut matcher);
    Ok(matcher)
}

pub(crate) static ROWS: &[Row<ResponseMatcher>] = &[
    block_row("header", Shape::Any("[!]field [value]"), |matcher, line, cx| {
        if line.block.is_none() || !line.children().is_empty() {
            return matchers::header::read_line(line, &mut matcher.headers);
        }
        ignore_block(cx, line);
        let line = Statement { words: line.words.clone(), block: None };
        matchers::header::read_line(&line, &mut matcher.headers)
    }),
    row("status", Shape::Some("codes"), |matcher, line, _| {
        for word in line.args() {
            // `2xx` is the whole class, which the JSON writes as its first digit.
            let code = match word.text.strip_suffix("xx") {
                Some(class) if class.len() == 1 => class,
                _ => &word.text,
            };
            let code = code.parse().map_err(|_| errors::matchers::bad_status(word, code))?;
            matcher.status_code.push(code);
        }
        Ok(())
    }),
];
