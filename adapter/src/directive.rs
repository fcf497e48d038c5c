//! What a directive is to the rest of the adapter: a name, a way to read it, and what reading yields.

use caddis_config::http::{MatcherSet, Route};
use caddis_grammar::{Statement, Token};

use crate::cx::{Cx, Parsed};

/// A directive. Its place in [`crate::directives::DIRECTIVES`] is its place in the default order of routes.
#[derive(Debug, Clone, Copy)]
pub struct Directive {
    /// The word at the start of the line.
    pub name: &'static str,
    /// One sentence for lists and completion.
    pub summary: &'static str,
    /// Whether the first argument may be a matcher (`*`, `/path`, `@name`).
    pub takes_matcher: bool,
    /// Whether it has a place in the default order; others (`tls`, `bind`, `log`, `handle_errors`) stand outside it.
    pub ordered: bool,
    /// Reads one statement.
    pub read: fn(&mut Cx<'_>, &Call<'_>) -> Parsed<Vec<Item>>,
}

/// One use of a directive.
#[derive(Debug)]
pub struct Call<'a> {
    /// The whole statement, matcher argument included.
    pub statement: &'a Statement,
    /// The statement without the matcher argument; the same as `statement` where none was given.
    pub line: &'a Statement,
    /// The matcher argument as a set; `None` where none was given or `*` stands.
    pub matcher: Option<MatcherSet>,
    /// The word that was the matcher.
    pub matcher_token: Option<&'a Token>,
}

/// What reading a directive yields.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A route among the site's routes, sorted by its directive.
    Route(Route),
    /// Routes that stay together and in this order among the site's routes.
    Routes(Vec<Route>),
    /// A route among the site's error routes.
    ErrorRoute(Route),
    /// Listener addresses of the site.
    Bind(crate::listeners::Bind),
    /// Access logging of the site.
    Log(Box<crate::directives::log::SiteLog>),
    /// TLS settings of the site.
    Tls(Box<crate::directives::tls::SiteTls>),
    /// A certificate authority that a directive needs.
    CertificateAuthority(String, Box<caddis_config::pki::Authority>),
}

impl Call<'_> {
    /// A route with the call's matcher and one handler: what most directives are.
    #[must_use]
    pub fn route(&self, handler: impl Into<caddis_config::http::Handler>) -> Vec<Item> {
        vec![Item::Route(Route {
            matchers: self.matcher.clone().into_iter().collect(),
            handle: vec![handler.into()],
            ..Route::default()
        })]
    }
}
