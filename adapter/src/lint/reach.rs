//! Which handlers no request reaches, because one before them answers whatever would come to them.
//!
//! In doubt a handler is reached: a finding is a certainty.

use std::collections::{BTreeMap, HashMap};

use caddis_config::http::{Handler, Route, Server};
use caddis_grammar::Span;

use super::conditions::Conditions;
use crate::{
    servers::Origins,
    source_map::{Origin, nested_routes},
};

/// What keeps requests from a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// This one answers them.
    Answer(Span),
    /// This one is of the same group, of which only the first that matches is run.
    Group(Span),
}

impl By {
    pub(super) fn span(self) -> Span {
        match self {
            Self::Answer(span) | Self::Group(span) => span,
        }
    }
}

/// The directives that no request reaches in any place where they are used.
pub(super) fn unreached<'s>(
    servers: impl Iterator<Item = (&'s Server, &'s Origins)> + Clone,
) -> BTreeMap<Span, By> {
    let mut unreached = BTreeMap::new();
    let mut collect = |span, by: Option<By>| {
        if let Some(by) = by {
            unreached.entry(span).or_insert(by);
        }
    };
    walk_all(servers.clone(), &mut collect);
    if !unreached.is_empty() {
        let mut remove = |span: Span, by: Option<By>| {
            if by.is_none() {
                unreached.remove(&span);
            }
        };
        walk_all(servers, &mut remove);
    }
    unreached
}

type Visit<'v> = dyn FnMut(Span, Option<By>) + 'v;

fn walk_all<'s>(servers: impl Iterator<Item = (&'s Server, &'s Origins)>, visit: &mut Visit<'_>) {
    for (server, origins) in servers {
        walk(&server.routes, &origins.routes, visit);
        if let Some(errors) = &server.errors {
            walk(&errors.routes, &origins.errors, visit);
        }
        for (name, route) in &server.named_routes {
            if let Some(origin) = origins.named_routes.get(name) {
                walk(std::slice::from_ref(route), std::slice::from_ref(origin), visit);
            }
        }
    }
}

/// What a list of routes does to the requests that enter it.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    /// None leaves it: this handler is the last word.
    answers: Option<Span>,
    /// Those that leave it may have changed.
    changes: bool,
}

/// The routes of one group so far.
#[derive(Default)]
struct Group {
    taken: Conditions,
    /// One of them leaves requests that it matches to what follows.
    leaks: bool,
}

/// Tells `visit` for each handler in the list whether requests reach it. What is inside an unreached one is passed over.
fn walk(routes: &[Route], origins: &[Origin], visit: &mut Visit<'_>) -> Outcome {
    // Routes that a directive put before those of its block have no origin.
    let before = routes.len().saturating_sub(origins.len());
    let mut answered = Conditions::default();
    let mut groups: HashMap<&str, Group> = HashMap::new();
    let mut outcome = Outcome::default();
    for (at, route) in routes.iter().enumerate() {
        let origin = at.checked_sub(before).and_then(|at| origins.get(at));
        // The route around a site: its address says whether it is reached.
        if route.terminal {
            walk_route(route, origin, visit);
            continue;
        }
        let group = groups.get(route.group.as_str());
        let by = answered.cover(route).or_else(|| group.and_then(|group| group.taken.cover(route)));
        if let Some(by) = by {
            for handler in origin.iter().flat_map(|origin| &origin.handlers) {
                visit(handler.span, Some(by));
            }
            continue;
        }
        let passed = walk_route(route, origin, visit);
        if passed.changes && passed.answers.is_none() {
            outcome.changes = true;
            answered.forget_requests();
            groups.values_mut().for_each(|group| group.taken.forget_requests());
        }
        let leaks = groups.get(route.group.as_str()).is_some_and(|group| group.leaks);
        if let Some(span) = passed.answers.filter(|_| !leaks && !is_last(routes, at)) {
            answered.add(route, By::Answer(span));
        } else if let Some(span) = passed.answers.filter(|_| !leaks) {
            outcome.answers = outcome.answers.or(route.matchers.is_empty().then_some(span));
        }
        if let (false, Some(origin)) = (route.group.is_empty(), origin) {
            let group = groups.entry(&route.group).or_default();
            group.leaks |= passed.answers.is_none();
            if !is_last(routes, at) {
                group.taken.add(route, By::Group(origin.span));
            }
        }
    }
    outcome.answers = outcome.answers.or(answered.everything().map(By::span));
    outcome
}

/// What the last route answers matters to nobody else in the list.
fn is_last(routes: &[Route], at: usize) -> bool {
    at + 1 == routes.len()
}

fn walk_route(route: &Route, origin: Option<&Origin>, visit: &mut Visit<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for (at, handler) in route.handle.iter().enumerate() {
        let origin = origin.and_then(|origin| origin.handlers.get(at));
        if let Some(origin) = origin {
            visit(origin.span, outcome.answers.map(By::Answer));
        }
        if outcome.answers.is_some() {
            continue;
        }
        let lists = nested_routes(handler);
        let mut inside = Outcome::default();
        for (index, (_, routes)) in lists.iter().enumerate() {
            let nested = origin.filter(|origin| origin.nested.len() == lists.len());
            let nested = nested.map_or(&[][..], |origin| &origin.nested[index]);
            inside = walk(routes, nested, visit);
        }
        match handler {
            // The routes of other handlers are for responses.
            Handler::Subroute(_) => outcome.changes |= inside.changes,
            handler => outcome.changes |= changes(handler),
        }
        let answers = match handler {
            Handler::Subroute(_) => inside.answers.is_some(),
            handler => answers(handler),
        };
        if answers {
            // The directive itself is shown, not what in its block answers; a route without an origin has no place.
            outcome.answers = origin.map(|origin| origin.span).or(inside.answers);
        }
    }
    outcome
}

/// Whether a handler never hands requests on.
fn answers(handler: &Handler) -> bool {
    match handler {
        // 103 is sent ahead of another response, and a placeholder may stand for it.
        Handler::StaticResponse(response) => {
            let status = response.status_code.as_str();
            response.abort || (status != "103" && !status.contains('{'))
        }
        Handler::Error(_) | Handler::Metrics(_) => true,
        Handler::FileServer(server) => !server.pass_thru,
        Handler::ReverseProxy(proxy) => proxy.handle_response.is_empty(),
        _ => false,
    }
}

/// Whether a handler may change what the conditions of later routes look at.
fn changes(handler: &Handler) -> bool {
    match handler {
        Handler::Headers(headers) => headers.request.is_some(),
        Handler::Authentication(_)
        | Handler::CopyResponseHeaders(_)
        | Handler::Encode(_)
        | Handler::FileServer(_)
        | Handler::Intercept(_)
        | Handler::LogAppend(_)
        | Handler::Map(_)
        | Handler::Push(_)
        | Handler::StaticResponse(_)
        | Handler::Templates(_)
        | Handler::Timeouts(_)
        | Handler::Tracing(_)
        | Handler::Vars(_) => false,
        _ => true,
    }
}
