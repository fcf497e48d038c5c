//! `handle_errors`: directives for requests that failed.

use caddis_config::{
    go::number,
    http::{Matcher, MatcherSet, Route, matchers::Expression},
};
use caddis_grammar::Token;

use crate::{
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
};

/// See `fixtures/directives/handle_errors.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "handle_errors",
    summary: "Runs a block of directives when a request has failed.",
    takes_matcher: false,
    ordered: false,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let expr = expression(call.line.args())?;
    let matchers = if expr.is_empty() {
        Vec::new()
    } else {
        vec![MatcherSet::from_iter([Matcher::from(Expression { expr, name: String::new() })])]
    };
    let subroute = cx.subroute(call.line.children(), true)?;
    let route = Route { matchers, handle: vec![subroute.into()], ..Route::default() };
    Ok(vec![Item::ErrorRoute(route)])
}

/// The condition for statuses such as `404` and classes such as `5xx`, classes first; empty without any.
fn expression(words: &[Token]) -> Parsed<String> {
    let mut alternatives = Vec::new();
    let mut codes = Vec::new();
    for word in words {
        if word.text.len() != 3 {
            return Err(errors::bad_error_status(word, None));
        }
        let (class, number) = match word.text.strip_suffix("xx") {
            Some(class) => (true, class),
            None => (false, &*word.text),
        };
        number::atoi(number).map_err(|reason| errors::bad_error_status(word, Some(&reason)))?;
        if class {
            alternatives.push(format!(
                "{{http.error.status_code}} >= {number}00 && {{http.error.status_code}} <= {number}99"
            ));
        } else {
            codes.push(number);
        }
    }
    if !codes.is_empty() {
        alternatives.push(format!("{{http.error.status_code}} in [{}]", codes.join(", ")));
    }
    Ok(alternatives.join(" || "))
}
