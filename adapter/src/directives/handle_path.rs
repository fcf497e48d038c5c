//! `handle_path`: `handle` for one path, which is stripped from the request.

use caddis_config::http::{Matcher, MatcherSet, Route, handlers::Rewrite, matchers::Path};

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
};

/// See `fixtures/directives/handle_path.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "handle_path",
    summary: "Runs a block of directives for a path, with the path stripped from the request.",
    takes_matcher: false,
    ordered: true,
    read,
};

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let path = call.line.one()?;
    if !path.text.starts_with('/') {
        return Err(errors::not_a_path(path));
    }
    let prefix = path.text.strip_suffix("/*").or_else(|| path.text.strip_suffix('*')).unwrap_or(&path.text);
    let strip = Rewrite { strip_path_prefix: prefix.to_owned(), ..Rewrite::default() };
    let mut subroute = cx.subroute(call.line.children(), true)?;
    subroute.routes.insert(0, Route { handle: vec![strip.into()], ..Route::default() });
    let matchers = MatcherSet::from_iter([Matcher::from(Path(vec![path.text.to_string()]))]);
    let route = Route { matchers: vec![matchers], handle: vec![subroute.into()], ..Route::default() };
    Ok(vec![Item::Route(route)])
}
