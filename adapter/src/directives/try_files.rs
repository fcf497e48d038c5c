//! `try_files`: rewrites to the first of some files that exists.

use caddis_config::http::{Matcher, MatcherSet, Route, handlers::Rewrite, matchers::File};
use caddis_grammar::Statement;

use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    directives::lenient::ignore_from,
    errors,
};

/// See `fixtures/directives/try_files.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "try_files",
    summary: "Rewrites the request to the first of some files that exists.",
    takes_matcher: false,
    ordered: true,
    read,
};

const POLICIES: [&str; 5] =
    ["first_exist", "first_exist_fallback", "largest_size", "smallest_size", "most_recently_modified"];

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let files = call.line.some()?;
    let mut policy = String::new();
    for line in call.line.children() {
        let outcome = read_policy(cx, line, &mut policy);
        cx.keep(outcome);
    }

    // A candidate with a query string is a route of its own, because its rewrite is another.
    let mut routes = Vec::new();
    let mut plain = Vec::new();
    for file in files {
        match file.text.find('?') {
            None => plain.push(file.string()),
            Some(at) => {
                let (path, query) = file.text.split_at(at);
                if !plain.is_empty() {
                    routes.push(route(std::mem::take(&mut plain), &policy, ""));
                }
                routes.push(route(vec![path.to_owned()], &policy, query));
            }
        }
    }
    if !plain.is_empty() {
        routes.push(route(plain, &policy, ""));
    }
    // Of several routes only the first that matches may rewrite.
    let mut items: Vec<Item> = routes.into_iter().map(Item::Route).collect();
    cx.groups.join(&mut items);
    Ok(items)
}

fn read_policy(cx: &mut Cx<'_>, line: &Statement, policy: &mut String) -> Parsed<()> {
    if &*line.name().text != "policy" {
        cx.report(errors::ignored_line(line));
        return read_policies(cx, line, policy);
    }
    if !policy.is_empty() {
        return Err(errors::handlers::policy_twice(line.name()));
    }
    let word = line.args().first().ok_or_else(|| errors::missing_argument(line))?;
    if !POLICIES.contains(&&*word.text) {
        return Err(errors::handlers::unknown_policy(word, &POLICIES));
    }
    ignore_from(cx, line, 1);
    *policy = word.string();
    read_policies(cx, line, policy)
}

/// Reads the lines of a block. Caddy takes those of blocks inside for lines of the block around them.
fn read_policies(cx: &mut Cx<'_>, block: &Statement, policy: &mut String) -> Parsed<()> {
    block.children().iter().try_for_each(|line| read_policy(cx, line, policy))
}

fn route(files: Vec<String>, policy: &str, query: &str) -> Route {
    let file = File { try_files: files, try_policy: policy.to_owned(), ..File::default() };
    let rewrite = Rewrite { uri: format!("{{http.matchers.file.relative}}{query}"), ..Rewrite::default() };
    Route {
        matchers: vec![MatcherSet::from_iter([Matcher::from(file)])],
        handle: vec![rewrite.into()],
        ..Route::default()
    }
}
