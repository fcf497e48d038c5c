//! Where in the Caddyfile each part of the JSON comes from, so that a finding about the JSON can point into the text.

use std::collections::{BTreeMap, HashMap};

use caddis_config::http::{Handler, Route};
use caddis_grammar::Span;

/// Places by JSON pointer (RFC 6901).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    places: BTreeMap<String, Span>,
    /// Of matchers, by the places of the directives that have them.
    matched: HashMap<Span, Span>,
}

impl SourceMap {
    pub(crate) fn new(matched: &HashMap<Span, Span>) -> Self {
        Self { places: BTreeMap::new(), matched: matched.clone() }
    }

    /// The place of the value that a pointer leads to, or else of the nearest value around it.
    #[must_use]
    pub fn find(&self, pointer: &str) -> Option<Span> {
        let mut pointer = pointer;
        loop {
            if let Some(span) = self.places.get(pointer) {
                return Some(*span);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// All pointers with their places, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Span)> {
        self.places.iter().map(|(pointer, span)| (pointer.as_str(), *span))
    }

    pub(crate) fn insert(&mut self, pointer: impl Into<String>, span: Span) {
        self.places.insert(pointer.into(), span);
    }

    /// Adds a list of routes. Routes that a directive put before those of its block have no origin of their own.
    pub(crate) fn insert_routes(&mut self, pointer: &str, routes: &[Route], origins: &[Origin]) {
        let before = routes.len().saturating_sub(origins.len());
        for (at, (route, origin)) in routes[before..].iter().zip(origins).enumerate() {
            self.insert_route(&format!("{pointer}/{}", before + at), route, origin);
        }
    }

    /// Adds one route with its handlers.
    pub(crate) fn insert_route(&mut self, pointer: &str, route: &Route, origin: &Origin) {
        self.insert(pointer, origin.span);
        if let Some(place) = self.matched.get(&origin.span) {
            self.insert(format!("{pointer}/match"), *place);
        }
        for (at, (handler, origin)) in route.handle.iter().zip(&origin.handlers).enumerate() {
            let pointer = format!("{pointer}/handle/{at}");
            self.insert(pointer.as_str(), origin.span);
            if nested_lists(handler).count() == origin.nested.len() {
                for ((path, routes), origins) in nested_routes(handler).zip(&origin.nested) {
                    self.insert_routes(&format!("{pointer}{path}"), routes, origins);
                }
            }
        }
    }
}

/// The lists of routes right inside a handler.
pub(crate) fn nested_lists(handler: &Handler) -> impl Iterator<Item = &[Route]> {
    let (one, responses, mirror) = match handler {
        Handler::Subroute(subroute) => (Some(subroute.routes.as_slice()), &[][..], None),
        Handler::ReverseProxy(proxy) => (None, proxy.handle_response.as_slice(), None),
        Handler::Intercept(intercept) => (None, intercept.handle_response.as_slice(), None),
        Handler::Mirror(mirror) => (None, &[][..], Some(mirror)),
        _ => (None, &[][..], None),
    };
    let branches = mirror.into_iter().flat_map(|mirror| mirror.branches());
    one.into_iter()
        .chain(responses.iter().map(|response| response.routes.as_slice()))
        .chain(branches.map(|(_, branch)| branch.routes.as_slice()))
}

/// The same lists with their pointers below that of the handler.
fn nested_routes(handler: &Handler) -> impl Iterator<Item = (String, &[Route])> {
    nested_lists(handler).enumerate().map(move |(at, routes)| {
        let path = match handler {
            Handler::Subroute(_) => "/routes".to_owned(),
            Handler::Mirror(mirror) => {
                mirror.branches().nth(at).map_or_else(String::new, |(path, _)| path + "/routes")
            }
            _ => format!("/handle_response/{at}/routes"),
        };
        (path, routes)
    })
}

/// Where a route comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Origin {
    /// The directive, or the address of the site.
    pub(crate) span: Span,
    /// One for each handler.
    pub(crate) handlers: Vec<HandlerOrigin>,
}

/// Where a handler comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HandlerOrigin {
    /// The directive.
    pub(crate) span: Span,
    /// The blocks of directives inside, in the order in which they are written.
    pub(crate) nested: Vec<Vec<Origin>>,
}

/// A route with its origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Traced {
    pub(crate) route: Route,
    pub(crate) origin: Origin,
}

impl Traced {
    /// A route whose handlers all come from one place.
    pub(crate) fn new(route: Route, span: Span, nested: Vec<Vec<Origin>>) -> Self {
        let handlers = std::iter::repeat_n(nested, route.handle.len());
        let handlers = handlers.map(|nested| HandlerOrigin { span, nested }).collect();
        Self { route, origin: Origin { span, handlers } }
    }

    /// Takes routes and origins apart.
    pub(crate) fn split(traced: Vec<Self>) -> (Vec<Route>, Vec<Origin>) {
        traced.into_iter().map(|traced| (traced.route, traced.origin)).unzip()
    }
}
