//! `vars`: sets variables of the request.

use caddis_config::http::handlers::Vars;
use caddis_grammar::{Statement, Token};

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    scalar::scalar,
};

/// See `fixtures/directives/vars.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "vars",
    summary: "Sets variables of the request.",
    takes_matcher: true,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut vars = Vars::default();
    if !call.line.args().is_empty() {
        set(&mut vars, call.line, call.line.args())?;
    }
    for line in call.line.children() {
        let outcome = line.no_block().and_then(|()| set(&mut vars, line, &line.words));
        cx.keep(outcome);
    }
    Ok(call.route(vars))
}

fn set(vars: &mut Vars, line: &Statement, words: &[Token]) -> Parsed<()> {
    match words {
        [name, value] => {
            vars.0.insert(name.string(), scalar(value)?);
            Ok(())
        }
        [_, _, extra, ..] => Err(errors::wrong_argument_count(extra)),
        _ => Err(errors::missing_argument(line)),
    }
}

/// One variable, which is what several directives amount to.
pub(super) fn variable(name: &str, value: impl Into<serde_json::Value>) -> Vars {
    Vars([(name.to_owned(), value.into())].into_iter().collect())
}
