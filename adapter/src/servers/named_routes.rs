//! Named routes: reading `&(name) { … }` blocks and giving each server those that it invokes.

use std::collections::{BTreeMap, VecDeque};

use caddis_config::http::{Route, Server};
use caddis_grammar::{ServerBlock, Span};

use crate::{cx::Cx, errors, listeners::Pairing, placeholders, sites::Block};

/// The named routes of a file.
#[derive(Debug, Default)]
pub(crate) struct NamedRoutes(BTreeMap<String, NamedRoute>);

#[derive(Debug)]
struct NamedRoute {
    route: Route,
    /// The named routes that this one invokes.
    invoked: Vec<(String, Span)>,
}

impl NamedRoutes {
    /// Reads the blocks of named routes. Their groups are numbered apart from those of the sites.
    pub(crate) fn read(cx: &mut Cx<'_>, blocks: &[&ServerBlock]) -> Self {
        let mut named = Self::default();
        let groups = std::mem::take(&mut cx.groups);
        for block in blocks {
            let Some(key) = block.keys.first() else { continue };
            if block.statements.is_empty() {
                continue;
            }
            let mut statements = block.statements.clone();
            placeholders::expand_all(&mut statements);
            cx.enter_block(&statements);
            let subroute = cx.subroute(&statements, true);
            cx.leave_block();
            let Some(subroute) = cx.keep(subroute) else { continue };
            let handle = match subroute.routes.as_slice() {
                [only] if only.matchers.is_empty() => {
                    if only.handle.len() > 1 {
                        cx.report(errors::sites::named_route_cut_short(key));
                    }
                    only.handle.first().cloned().into_iter().collect()
                }
                _ => vec![subroute.into()],
            };
            let invoked = std::mem::take(&mut cx.state.invoked);
            let route = NamedRoute { route: Route { handle, ..Route::default() }, invoked };
            if named.0.contains_key(&*key.text) {
                cx.report(errors::sites::duplicate_named_route(key));
            } else {
                named.0.insert(key.text.to_string(), route);
            }
        }
        cx.groups = groups;
        named
    }

    /// Adds the routes that the sites of a server invoke, and those that these invoke.
    pub(super) fn add_to(&self, cx: &mut Cx<'_>, server: &mut Server, pairing: &Pairing, blocks: &[Block]) {
        let mut waiting: VecDeque<&(String, Span)> =
            pairing.sites.iter().flat_map(|site| &blocks[site.block].pile.invoked).collect();
        while let Some((name, span)) = waiting.pop_front() {
            if server.named_routes.contains_key(name) {
                continue;
            }
            match self.0.get(name) {
                Some(named) => {
                    server.named_routes.insert(name.clone(), named.route.clone());
                    waiting.extend(&named.invoked);
                }
                None => {
                    let known = self.0.keys().map(String::as_str);
                    cx.report(errors::sites::unknown_named_route(name, *span, known));
                }
            }
        }
    }
}
