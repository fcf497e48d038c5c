//! Routes: their matchers and handlers, wherever routes are nested.

use super::{Report, handlers, matchers, tls};
use crate::http::{ResponseHandler, Route, Server};

/// What routes may refer to.
pub(super) struct Context<'c> {
    pub(super) server: &'c Server,
    pub(super) authorities: &'c tls::Authorities<'c>,
}

impl Context<'_> {
    pub(super) fn check(&self, report: &mut Report, routes: &[Route]) {
        let outside = report.delimiters.clone();
        for (index, route) in routes.iter().enumerate() {
            let before = report.delimiters.clone();
            report.within(index, |report| self.check_one(report, route));
            // Templates that only some requests see say nothing of the routes that follow.
            if !route.matchers.is_empty() {
                report.delimiters = before;
            }
        }
        report.delimiters = outside;
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
