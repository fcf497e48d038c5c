//! Routes: which requests, which handlers.

use super::{Handler, MatcherSet};
use crate::object::object;

object! {
    /// A route. It applies if any of its matcher sets matches, or if it has none.
    pub struct Route {
        /// Of the routes of one group, only the first that matches is run.
        pub group: String,
        /// The matcher sets, any of which may match.
        pub matchers("match"): Vec<MatcherSet>,
        /// The handlers, outermost first.
        pub handle: Vec<Handler>,
        /// Whether no later route is tried once this one has matched.
        pub terminal: bool,
    }
}

object! {
    /// Routes for requests whose handling has failed; `{http.error.*}` says how.
    pub struct ErrorRoutes {
        /// The routes, tried in order.
        pub routes: Vec<Route>,
    }
}
