//! Folders that are replaced before anything looks for files in them.

use std::collections::BTreeMap;

use caddis_config::http::{Handler, Route, Server};
use caddis_grammar::Span;

use crate::{
    servers::Origins,
    source_map::{Origin, nested_routes},
};

/// Each `root` right behind which another stands under the same condition, with that other.
pub(super) fn overwritten<'s>(
    servers: impl Iterator<Item = (&'s Server, &'s Origins)>,
) -> BTreeMap<Span, Span> {
    let mut found = BTreeMap::new();
    for (server, origins) in servers {
        in_list(&server.routes, &origins.routes, &mut found);
        if let Some(errors) = &server.errors {
            in_list(&errors.routes, &origins.errors, &mut found);
        }
        for (name, route) in &server.named_routes {
            if let Some(origin) = origins.named_routes.get(name) {
                in_list(std::slice::from_ref(route), std::slice::from_ref(origin), &mut found);
            }
        }
    }
    found
}

fn in_list(routes: &[Route], origins: &[Origin], found: &mut BTreeMap<Span, Span>) {
    let before = routes.len().saturating_sub(origins.len());
    for (route, origin) in routes[before..].iter().zip(origins) {
        for (pair, origins) in route.handle.windows(2).zip(origin.handlers.windows(2)) {
            if sets_root(&pair[0]) && sets_root(&pair[1]) {
                found.insert(origins[0].span, origins[1].span);
            }
        }
        for (handler, origin) in route.handle.iter().zip(&origin.handlers) {
            let lists = nested_routes(handler);
            if lists.len() == origin.nested.len() {
                for ((_, routes), origins) in lists.iter().zip(&origin.nested) {
                    in_list(routes, origins, found);
                }
            }
        }
    }
}

fn sets_root(handler: &Handler) -> bool {
    matches!(handler, Handler::Vars(vars) if vars.0.len() == 1 && vars.0.contains_key("root"))
}
