//! `uri`: changes to a part of the request's path or query.

use caddis_config::{
    go::number::atoi,
    http::handlers::{
        QueryArgument, QueryOps, QueryReplacement, RegexpReplacement, Rewrite, SubstringReplacement,
    },
};
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, lenient_row, read_line},
};

/// See `fixtures/directives/uri.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "uri",
    summary: "Changes a part of the request's path or query.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// The operations, named by the first argument.
pub(crate) static ROWS: &[Row<Rewrite>] = &[
    lenient_row("strip_prefix", Shape::One("prefix"), |rewrite, line, _| {
        rewrite.strip_path_prefix = line.words[1].string();
        Ok(())
    }),
    lenient_row("strip_suffix", Shape::One("suffix"), |rewrite, line, _| {
        rewrite.strip_path_suffix = line.words[1].string();
        Ok(())
    }),
    lenient_row("replace", Shape::Any("find> <replace> [<limit>]"), |rewrite, line, _| {
        let (find, replace, limit) = match line.args() {
            [find, replace] => (find, replace, None),
            [find, replace, limit] => (find, replace, Some(limit)),
            [_, _, _, extra, ..] => return Err(errors::wrong_argument_count(extra)),
            _ => return Err(errors::missing_argument(line)),
        };
        let limit = match limit.filter(|limit| !limit.text.is_empty()) {
            None => 0,
            Some(word) => atoi(&word.text).map_err(|error| errors::handlers::bad_limit(word, &error))?,
        };
        rewrite.uri_substring.push(SubstringReplacement {
            find: find.string(),
            replace: replace.string(),
            limit,
        });
        Ok(())
    }),
    lenient_row("path_regexp", Shape::Any("pattern> <replace"), |rewrite, line, _| {
        let [find, replace] = line.exactly()?;
        rewrite.path_regexp.push(RegexpReplacement { find: find.string(), replace: replace.string() });
        Ok(())
    }),
    block_row("query", Shape::Any("operation"), |rewrite, line, cx| {
        let mut operations = QueryOps::default();
        if !line.args().is_empty() {
            query(&mut operations, line, line.args())?;
            if let Some(inner) = line.children().first() {
                return Err(errors::handlers::query_twice(inner));
            }
        }
        for inner in line.children() {
            let read = query(&mut operations, inner, &inner.words);
            cx.keep(read);
        }
        rewrite.query = Some(operations);
        Ok(())
    }),
];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let operation = &call.line.some()?[0];
    if !ROWS.iter().any(|row| *row.name == *operation.text) {
        return Err(errors::handlers::unknown_uri_operation(operation, ROWS.iter().map(|row| row.name)));
    }
    let mut rewrite = Rewrite::default();
    read_line(cx, &call.line.from(1), ROWS, &mut rewrite)?;
    Ok(call.route(rewrite))
}

/// One change to the query. What it is shows in the first word: `-key`, `+key`, `key>other`, else `key`.
fn query(operations: &mut QueryOps, line: &Statement, words: &[Token]) -> Parsed<()> {
    let argument = |key: &str, val: &Token| QueryArgument { key: key.to_owned(), val: val.string() };
    let key = &*words[0].text;
    match words {
        [_] if key.starts_with('-') => operations.delete.push(key.trim_start_matches('-').to_owned()),
        [_, value] if key.starts_with('+') => {
            operations.add.push(argument(key.trim_start_matches('+'), value));
        }
        [_] if !key.starts_with(['-', '+']) && key.contains('>') => {
            let mut names = key.split('>');
            let (old, new) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
            operations.rename.push(QueryArgument { key: old.to_owned(), val: new.to_owned() });
        }
        [_, ..] if key.starts_with(['-', '+']) || key.contains('>') => {
            return Err(errors::handlers::wrong_query_operation(line));
        }
        [_, value] => operations.set.push(argument(key, value)),
        [_, pattern, replace] => operations.replace.push(QueryReplacement {
            key: key.to_owned(),
            search_regexp: pattern.string(),
            replace: replace.string(),
            ..QueryReplacement::default()
        }),
        _ => return Err(errors::handlers::wrong_query_operation(line)),
    }
    Ok(())
}
