//! The app `events`: what to do when something happens.

use crate::module::modules;
use crate::object::object;

object! {
    /// The app `events`.
    pub struct App {
        /// The subscriptions.
        pub subscriptions: Vec<Subscription>,
    }
}

object! {
    /// Handlers for some events.
    pub struct Subscription {
        /// Names of events. Default: all.
        pub events: Vec<String>,
        /// Ids of the modules they come from, or prefixes of such. Default: all.
        pub modules: Vec<String>,
        /// What to do.
        pub handlers: Vec<EventHandler>,
    }
}

modules! {
    /// A handler of events; the standard distribution has none.
    pub enum EventHandler in "events.handlers" by "handler" {}
}
