//! The handler `subroute`.

use crate::http::{ErrorRoutes, Route};
use crate::object::object;

object! {
    /// Routes within a route, with error routes of their own.
    pub struct Subroute {
        /// The routes, tried in order.
        pub routes: Vec<Route>,
        /// What to do when one of them fails. Default: the error goes to the routes around.
        pub errors: Option<ErrorRoutes>,
    }
}
