//! Routes compiled at build: nothing of them is looked up or parsed while a request waits.

use super::{exchange::Exchange, handler::Handler};
use crate::{error::Outcome, metrics::observer::Observer};

/// Decides whether a request is meant. May leave values behind for placeholders (captures, file names).
pub trait Matcher: Send + Sync {
    /// Whether the request matches.
    ///
    /// # Errors
    /// A matcher may refuse a request outright (a `file` matcher's `=404`, 425 for an unfinished handshake).
    fn matches(&self, exchange: &mut Exchange) -> Outcome<bool>;
}

/// Members of a set must all match.
pub type MatcherSet = Vec<Box<dyn Matcher>>;

/// One compiled route.
pub struct Route {
    /// Any of these sets must match; none means every request matches.
    pub matchers: Vec<MatcherSet>,
    /// Run in order when it matches.
    pub handlers: Vec<Box<dyn Handler>>,
    /// Nothing after this route runs once it has matched.
    pub terminal: bool,
    /// Of the routes with the same number only the first that matches runs. Numbers are unique in an instance, so that
    /// lists of routes need not be told apart.
    pub group: Option<u32>,
    /// Counts the requests that it is chosen for.
    pub(crate) observer: Option<Observer>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let handlers: Vec<_> = self.handlers.iter().map(|handler| handler.name()).collect();
        f.debug_struct("Route").field("handlers", &handlers).finish_non_exhaustive()
    }
}

impl Route {
    /// Whether the route is to run for this request; takes its group if it is.
    ///
    /// # Errors
    /// What its matchers raise.
    pub fn applies(&self, exchange: &mut Exchange) -> Outcome<bool> {
        if self.group.is_some_and(|group| exchange.groups.contains(&group)) {
            return Ok(false);
        }
        if !any_set_matches(&self.matchers, exchange)? {
            return Ok(false);
        }
        exchange.groups.extend(self.group);
        if let Some(observer) = &self.observer {
            observer.begin(exchange);
        }
        Ok(true)
    }
}

/// Whether any set matches; no set at all matches everything.
///
/// # Errors
/// What the matchers raise.
pub fn any_set_matches(sets: &[MatcherSet], exchange: &mut Exchange) -> Outcome<bool> {
    if sets.is_empty() {
        return Ok(true);
    }
    for set in sets {
        let mut all = true;
        for matcher in set {
            if !matcher.matches(exchange)? {
                all = false;
                break;
            }
        }
        if all {
            return Ok(true);
        }
    }
    Ok(false)
}
