//! `forward_auth`: asks another server whether a request may go on, and copies header fields from its answer.

use std::collections::BTreeMap;

use caddis_config::{
    go::header::canonical,
    http::{
        MatcherSet, ResponseHandler, ResponseMatcher, Route,
        handlers::{HeaderOps, Headers, Rewrite, Vars},
        matchers::{Not, Vars as VarsMatcher},
    },
};
use caddis_grammar::Statement;

use super::reverse_proxy::{self, Draft};
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    directive::{Call, Directive, Item},
    errors,
    table::{Row, Shape, block_row, read_line_or, row},
};

/// See `fixtures/directives/forward_auth.md`.
pub(crate) static DIRECTIVE: Directive = Directive {
    name: "forward_auth",
    summary: "Asks another server whether a request may go on.",
    takes_matcher: true,
    ordered: true,
    read,
};

/// What can stand in the block besides the lines of `reverse_proxy`.
pub(crate) static ROWS: &[Row<ForwardAuth>] = &[
    row("uri", Shape::One("uri"), |auth, line, _| {
        let uri = line.one()?;
        if !auth.uri.is_empty() {
            return Err(errors::proxy::uri_twice(uri));
        }
        auth.uri = uri.string();
        Ok(())
    }),
    block_row("copy_headers", Shape::Any("field"), |auth, line, cx| {
        if let Some(block) = line.block.as_ref().filter(|block| block.statements.is_empty()) {
            return Err(errors::proxy::no_header_to_copy(line, block));
        }
        for field in line.children() {
            let outcome = field.no_braces();
            cx.keep(outcome);
        }
        let nested = line.children().iter().flat_map(|field| &field.words);
        for word in line.args().iter().chain(nested) {
            let mut names = word.text.split('>');
            let from = names.next().unwrap_or_default();
            auth.copy_headers.insert(from.to_owned(), names.next().unwrap_or(from).to_owned());
        }
        if auth.copy_headers.is_empty() { Err(errors::missing_argument(line)) } else { Ok(()) }
    }),
];

/// The directive while its lines are read.
#[derive(Debug, Default)]
pub(crate) struct ForwardAuth {
    draft: Draft,
    /// What to ask the other server for; `rewrite` overrides it, wherever it stands.
    uri: String,
    /// Fields of the answer and the fields of the request that they become.
    copy_headers: BTreeMap<String, String>,
}

fn read(cx: &mut Cx<'_>, call: &Call<'_>) -> Parsed<Vec<Item>> {
    let mut auth = ForwardAuth::default();
    // The other server sees another method and URI than the client sent, so that it is told those too.
    let mut request = HeaderOps::default();
    set(&mut request, "X-Forwarded-Method", "{http.request.method}");
    set(&mut request, "X-Forwarded-Uri", "{http.request.uri}");
    auth.draft.proxy.headers = Some(Headers { request: Some(request), ..Headers::default() });
    // GET keeps the body here, for the handlers that come after.
    auth.draft.proxy.rewrite = Some(Rewrite { method: "GET".to_owned(), ..Rewrite::default() });
    auth.draft.read_upstreams(cx, call.line);
    for line in call.line.children() {
        let outcome = read_subdirective(cx, line, &mut auth);
        cx.keep(outcome);
    }
    if auth.uri.is_empty() {
        return Err(errors::proxy::uri_required(call.line));
    }
    let rewrite = auth.draft.proxy.rewrite.get_or_insert_default();
    if rewrite.uri.is_empty() {
        rewrite.uri = auth.uri;
    }
    auth.draft.proxy.handle_response.push(on_success(&auth.copy_headers));
    Ok(call.route(auth.draft.finish(cx, call.line)?))
}

fn read_subdirective(cx: &mut Cx<'_>, line: &Statement, auth: &mut ForwardAuth) -> Parsed<()> {
    read_line_or(cx, line, ROWS, auth, |cx, line, auth| {
        reverse_proxy::read_subdirective(cx, line, &mut auth.draft)
    })
}

/// A 2xx lets the request go on, with the header fields that were asked for.
fn on_success(copy_headers: &BTreeMap<String, String>) -> ResponseHandler {
    // An entry without routes would count as none and end the request with the answer.
    let mut routes = vec![Route { handle: vec![Vars::default().into()], ..Route::default() }];
    for (from, to) in copy_headers {
        routes.extend(copy_header(from, &canonical(to)));
    }
    let matcher = ResponseMatcher { status_code: vec![2], ..ResponseMatcher::default() };
    ResponseHandler { matchers: Some(matcher), routes, ..ResponseHandler::default() }
}

/// Removes a field first: the client must not be able to bring a value for a field that the answer leaves out.
fn copy_header(from: &str, to: &str) -> [Route; 2] {
    let placeholder = format!("{{http.reverse_proxy.header.{}}}", canonical(from));
    let delete = HeaderOps { delete: vec![to.to_owned()], ..HeaderOps::default() };
    let mut copy = HeaderOps::default();
    set(&mut copy, to, &placeholder);
    let absent = MatcherSet::from_iter([VarsMatcher([(placeholder.clone(), vec![String::new()])].into())]);
    [
        Route { handle: vec![on_request(delete).into()], ..Route::default() },
        Route {
            matchers: vec![MatcherSet::from_iter([Not(vec![absent])])],
            handle: vec![on_request(copy).into()],
            ..Route::default()
        },
    ]
}

fn on_request(ops: HeaderOps) -> Headers {
    Headers { request: Some(ops), ..Headers::default() }
}

fn set(ops: &mut HeaderOps, field: &str, value: &str) {
    ops.set.insert(field.to_owned(), vec![value.to_owned()]);
}
