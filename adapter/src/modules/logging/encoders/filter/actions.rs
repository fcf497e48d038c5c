//! The filters `query`, `cookie` and `set_cookie`: what is done to parameters and cookies by name.

use caddis_config::logging::{
    FieldFilter,
    encoders::filter::{Cookie, CookieAction, Query, QueryAction, SetCookie},
};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    modules::Module,
    table::{Row, Shape, read_block, row},
};

/// See `fixtures/modules/logging/encoders/filter/query.md`.
pub(crate) const QUERY: Module<FieldFilter> = Module {
    name: "query",
    read: |cx, line| {
        let actions = read(cx, line).into_iter().map(|action| QueryAction {
            kind: action.kind.to_owned(),
            parameter: action.name,
            value: action.value,
        });
        Ok(Query { actions: actions.collect() }.into())
    },
};

/// See `fixtures/modules/logging/encoders/filter/cookie.md`.
pub(crate) const COOKIE: Module<FieldFilter> =
    Module { name: "cookie", read: |cx, line| Ok(Cookie { actions: cookie_actions(cx, line) }.into()) };

/// See `fixtures/modules/logging/encoders/filter/set_cookie.md`.
pub(crate) const SET_COOKIE: Module<FieldFilter> = Module {
    name: "set_cookie",
    read: |cx, line| Ok(SetCookie { actions: cookie_actions(cx, line) }.into()),
};

/// One line.
pub(crate) struct Action {
    kind: &'static str,
    name: String,
    value: String,
}

pub(crate) static ROWS: &[Row<Vec<Action>>] = &[
    row("replace", Shape::Some("name value"), |actions, line, _| {
        let [name, value] = line.exactly::<2>()?;
        actions.push(Action { kind: "replace", name: name.string(), value: value.string() });
        Ok(())
    }),
    row("hash", Shape::One("name"), |actions, line, _| plain(actions, "hash", line)),
    row("delete", Shape::One("name"), |actions, line, _| plain(actions, "delete", line)),
];

fn plain(actions: &mut Vec<Action>, kind: &'static str, line: &Statement) -> Parsed<()> {
    actions.push(Action { kind, name: line.words[1].string(), value: String::new() });
    Ok(())
}

fn read(cx: &mut Cx<'_>, line: &Statement) -> Vec<Action> {
    let mut actions = Vec::new();
    if only_block(cx, line) {
        read_block(cx, line, ROWS, &mut actions);
    }
    actions
}

fn cookie_actions(cx: &mut Cx<'_>, line: &Statement) -> Vec<CookieAction> {
    let actions = read(cx, line).into_iter();
    actions
        .map(|action| CookieAction { kind: action.kind.to_owned(), name: action.name, value: action.value })
        .collect()
}
