//! Routes: their matchers and handlers, wherever routes are nested.

use std::cell::Cell;

use super::{Report, handlers, matchers, template, tls};
use crate::http::matchers::{Matcher, MatcherSet};
use crate::http::{Handler, ResponseHandler, Route, Server};

/// What routes may refer to.
pub(super) struct Context<'c> {
    pub(super) server: &'c Server,
    pub(super) authorities: &'c tls::Authorities<'c>,
    /// Whether a proxy was seen whose upstreams can be sent sessions of WebTransport.
    pub(super) takes_sessions: Cell<bool>,
}

impl Context<'_> {
    pub(super) fn check(&self, report: &mut Report, routes: &[Route]) {
        let outside = report.responses.clone();
        // Templates that only some requests see, as far as requests are still what they were there.
        let mut for_some: Vec<(&[MatcherSet], template::Language)> = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            let before = report.responses.templates.clone();
            if before.is_none() {
                let of_earlier = for_some.iter().find(|(sets, _)| covers(sets, &route.matchers));
                report.responses.templates = of_earlier.map(|(_, templates)| templates.clone());
            }
            let known = report.responses.templates.is_some();
            report.within(index, |report| self.check_one(report, route));
            if !route.matchers.is_empty() {
                let now = std::mem::replace(&mut report.responses.templates, before);
                for_some.extend(now.filter(|_| !known).map(|now| (&*route.matchers, now)));
            }
            if !route.handle.iter().all(keeps_request) {
                for_some.clear();
            }
        }
        report.responses = outside;
    }

    pub(super) fn check_one(&self, report: &mut Report, route: &Route) {
        report.each("match", &route.matchers, matchers::check);
        report.each("handle", &route.handle, |report, handler| handlers::check(report, handler, self));
    }

    pub(super) fn response_handlers(&self, report: &mut Report, handlers: &[ResponseHandler]) {
        report.each("handle_response", handlers, |report, handler| {
            report.within("routes", |report| self.check(report, &handler.routes));
        });
    }
}

/// Whether every request of later matchers is one of the earlier: the conditions are the same or more, or paths are
/// narrower.
fn covers(earlier: &[MatcherSet], later: &[MatcherSet]) -> bool {
    let implies = |narrow: &Matcher, wide: &Matcher| match (narrow, wide) {
        (Matcher::Path(narrow), Matcher::Path(wide)) => {
            narrow.0.iter().all(|path| wide.0.iter().any(|wide| is_within(path, wide)))
        }
        _ => narrow == wide,
    };
    let is_narrower = |later: &MatcherSet, earlier: &MatcherSet| {
        earlier.iter().all(|wide| later.iter().any(|narrow| implies(narrow, wide)))
    };
    !later.is_empty() && later.iter().all(|later| earlier.iter().any(|earlier| is_narrower(later, earlier)))
}

/// Whether a pattern of paths is the same as another, or begins with what that one begins with.
fn is_within(path: &str, wide: &str) -> bool {
    let is_below = |start: &str| !start.contains(['*', '?', '[', '\\', '{', '%']) && path.starts_with(start);
    path == wide || wide.strip_suffix('*').is_some_and(is_below)
}

/// Whether requests that a handler passes on, and what is known of them, are what they were.
fn keeps_request(handler: &Handler) -> bool {
    matches!(
        handler,
        Handler::Encode(_)
            | Handler::Error(_)
            | Handler::FileServer(_)
            | Handler::LogAppend(_)
            | Handler::StaticResponse(_)
            | Handler::Templates(_)
    )
}
