//! Which handlers no request reaches, because one before them answers whatever would come to them, and which folders are
//! replaced before anything looks for files in them.
//!
//! In doubt a handler is reached: a finding is a certainty.

use std::{
    collections::{BTreeMap, HashMap},
    slice,
};

use caddis_config::http::{Handler, Route, Server};
use caddis_grammar::Span;

use super::conditions::Conditions;
use crate::{
    servers::Origins,
    source_map::{Origin, nested_lists},
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

/// What walks through servers have found, by place.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The directives that no request reaches in any place where they are used.
    pub(super) unreached: BTreeMap<Span, By>,
    /// Each `root` right behind which another stands under the same condition, with that other.
    pub(super) overwritten: BTreeMap<Span, Span>,
    /// Whether this walk strikes out what some place reaches.
    strikes: bool,
}

/// What is not reached or replaced in servers.
pub(super) fn walk<'s>(servers: impl Iterator<Item = (&'s Server, &'s Origins)> + Clone) -> Walk {
    let mut walk = Walk::default();
    walk.all(servers.clone());
    if !walk.unreached.is_empty() {
        walk.strikes = true;
        walk.all(servers);
    }
    walk
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
struct Group<'r> {
    taken: Conditions<'r>,
    /// One of them leaves requests that it matches to what follows.
    leaks: bool,
}

impl Walk {
    fn all<'s>(&mut self, servers: impl Iterator<Item = (&'s Server, &'s Origins)>) {
        for (server, origins) in servers {
            self.list(&server.routes, &origins.routes);
            if let Some(errors) = &server.errors {
                self.list(&errors.routes, &origins.errors);
            }
            for (name, route) in &server.named_routes {
                if let Some(origin) = origins.named_routes.get(name) {
                    self.list(slice::from_ref(route), slice::from_ref(origin));
                }
            }
        }
    }

    /// A handler that requests reach, unless something keeps them from it.
    fn visit(&mut self, span: Span, by: Option<By>) {
        match by {
            Some(by) if !self.strikes => drop(self.unreached.entry(span).or_insert(by)),
            None if self.strikes => drop(self.unreached.remove(&span)),
            _ => {}
        }
    }

    /// Looks at each handler in the list. What is inside an unreached one is passed over.
    fn list(&mut self, routes: &[Route], origins: &[Origin]) -> Outcome {
        // Routes that a directive put before those of its block have no origin.
        let before = routes.len().saturating_sub(origins.len());
        let mut answered = Conditions::default();
        let mut groups: HashMap<&str, Group<'_>> = HashMap::new();
        let mut outcome = Outcome::default();
        for (at, route) in routes.iter().enumerate() {
            let origin = at.checked_sub(before).and_then(|at| origins.get(at));
            // The route around a site: its address says whether it is reached.
            if route.terminal {
                self.route(route, origin);
                continue;
            }
            let group = if route.group.is_empty() { None } else { groups.get(route.group.as_str()) };
            let leaks = group.is_some_and(|group| group.leaks);
            let by = answered.cover(route).or_else(|| group.and_then(|group| group.taken.cover(route)));
            if let Some(by) = by {
                for handler in origin.iter().flat_map(|origin| &origin.handlers) {
                    self.visit(handler.span, Some(by));
                }
                continue;
            }
            let passed = self.route(route, origin);
            if passed.changes && passed.answers.is_none() {
                outcome.changes = true;
                answered.forget_requests();
                groups.values_mut().for_each(|group| group.taken.forget_requests());
            }
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

    fn route(&mut self, route: &Route, origin: Option<&Origin>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(origin) = origin {
            self.replaced_roots(route, origin);
        }
        for (at, handler) in route.handle.iter().enumerate() {
            let origin = origin.and_then(|origin| origin.handlers.get(at));
            if let Some(origin) = origin {
                self.visit(origin.span, outcome.answers.map(By::Answer));
            }
            if outcome.answers.is_some() {
                continue;
            }
            let origins = origin.map_or(&[][..], |origin| &origin.nested);
            let all_known = nested_lists(handler).count() == origins.len();
            let mut inside = Outcome::default();
            for (index, routes) in nested_lists(handler).enumerate() {
                inside = self.list(routes, if all_known { &origins[index] } else { &[] });
            }
            let (answers, changes) = match handler {
                // The routes of other handlers are for responses.
                Handler::Subroute(_) => (inside.answers.is_some(), inside.changes),
                handler => (answers(handler), changes(handler)),
            };
            outcome.changes |= changes;
            if answers {
                // The directive itself is shown, not what in its block answers; a route without an origin has no place.
                outcome.answers = origin.map(|origin| origin.span).or(inside.answers);
            }
        }
        outcome
    }

    fn replaced_roots(&mut self, route: &Route, origin: &Origin) {
        for (pair, origins) in route.handle.windows(2).zip(origin.handlers.windows(2)) {
            if pair.iter().all(sets_root) {
                self.overwritten.insert(origins[0].span, origins[1].span);
            }
        }
    }
}

fn sets_root(handler: &Handler) -> bool {
    matches!(handler, Handler::Vars(vars) if vars.0.len() == 1 && vars.0.contains_key("root"))
}

/// What the last route answers matters to nobody else in the list.
fn is_last(routes: &[Route], at: usize) -> bool {
    at + 1 == routes.len()
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
