//! Named routes: reading `&(name) { … }` blocks and giving each server those that it invokes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use caddis_config::http::{Route, Server, handlers::Subroute};
use caddis_grammar::{Diagnostic, ServerBlock, Span, Token};

use crate::{
    cx::Cx,
    errors, lint,
    listeners::Pairing,
    placeholders,
    sites::Block,
    source_map::{Origin, Traced},
};

/// The named routes of a file.
#[derive(Debug, Default)]
pub(crate) struct NamedRoutes(BTreeMap<String, NamedRoute>);

#[derive(Debug)]
struct NamedRoute {
    key: Token,
    /// What is written in its block, as a number.
    content: u64,
    route: Traced,
    /// The named routes that this one invokes.
    invoked: Vec<(String, Span)>,
}

impl NamedRoutes {
    /// Reads the blocks of named routes. Their groups are numbered apart from those of the sites.
    pub(crate) fn read(cx: &mut Cx<'_>, blocks: Vec<ServerBlock>) -> Self {
        let mut named = Self::default();
        let groups = std::mem::take(&mut cx.groups);
        for mut block in blocks {
            let Some(key) = block.keys.first() else { continue };
            if !block.has_braces {
                continue;
            }
            placeholders::expand_all(&mut block.statements);
            cx.enter_block(&block.statements);
            let subroute = cx.subroute(&block.statements, true);
            let origins = cx.nested.pop().unwrap_or_default();
            cx.report_unknown(None);
            cx.leave_block();
            let Some(subroute) = cx.keep(subroute) else { continue };
            let route = named_route(cx, key, subroute, origins);
            let invoked = std::mem::take(&mut cx.state.invoked);
            let content = lint::content(&[], &block.statements);
            let route = NamedRoute { key: key.clone(), content, route, invoked };
            if named.0.insert(key.text.to_string(), route).is_some() {
                cx.report(errors::sites::duplicate_named_route(key));
            }
        }
        cx.groups = groups;
        named
    }

    /// Named routes that no site invokes, directly or not, and those that repeat another. Those that an import brought may
    /// serve other files, as may those of a file without sites.
    pub(crate) fn judge(&self, sites: &[Block]) -> Vec<Diagnostic> {
        if sites.is_empty() {
            return Vec::new();
        }
        let mut invoked = BTreeSet::new();
        let mut waiting: Vec<&(String, Span)> = sites.iter().flat_map(|site| &site.pile.invoked).collect();
        while let Some((name, _)) = waiting.pop() {
            if let Some(named) = self.0.get(name).filter(|_| invoked.insert(name)) {
                waiting.extend(&named.invoked);
            }
        }
        let mut own: Vec<_> = self.0.iter().filter(|(_, named)| named.key.origin.is_none()).collect();
        own.sort_by_key(|(_, named)| named.key.span);
        let mut first_of: HashMap<u64, &Token> = HashMap::new();
        let mut findings = Vec::new();
        for (name, NamedRoute { key, content, .. }) in own {
            if !invoked.contains(name) {
                findings.push(*errors::lint::uninvoked_route(key));
            } else if let Some(first) = first_of.get(content) {
                findings.push(*errors::lint::repeated_route(key, first));
            } else {
                first_of.insert(*content, key);
            }
        }
        findings
    }

    /// Adds the routes that the sites of a server invoke, and those that these invoke.
    /// The origins are returned by name.
    pub(super) fn add_to(
        &self,
        cx: &mut Cx<'_>,
        server: &mut Server,
        pairing: &Pairing,
        blocks: &[Block],
    ) -> BTreeMap<String, Origin> {
        let mut origins = BTreeMap::new();
        let mut waiting: VecDeque<&(String, Span)> =
            pairing.sites.iter().flat_map(|site| &blocks[site.block].pile.invoked).collect();
        while let Some((name, span)) = waiting.pop_front() {
            if server.named_routes.contains_key(name) {
                continue;
            }
            match self.0.get(name) {
                Some(named) => {
                    server.named_routes.insert(name.clone(), named.route.route.clone());
                    origins.insert(name.clone(), named.route.origin.clone());
                    waiting.extend(&named.invoked);
                }
                None => {
                    let known = self.0.keys().map(String::as_str);
                    cx.report(errors::sites::unknown_named_route(name, *span, known));
                }
            }
        }
        origins
    }
}

/// A lone route without matchers stands for itself, of which Caddy keeps the first handler; several are a subroute.
fn named_route(cx: &mut Cx<'_>, key: &Token, mut subroute: Subroute, origins: Vec<Origin>) -> Traced {
    if subroute.routes.len() != 1 || !subroute.routes[0].matchers.is_empty() {
        let route = Route { handle: vec![subroute.into()], ..Route::default() };
        return Traced::new(route, key.span, vec![origins]);
    }
    let mut handle = subroute.routes.remove(0).handle;
    if handle.len() > 1 {
        cx.report(errors::sites::named_route_cut_short(key));
        handle.truncate(1);
    }
    let handlers = origins.into_iter().next().map(|origin| origin.handlers).unwrap_or_default();
    let route = Route { handle, ..Route::default() };
    Traced { route, origin: Origin { span: key.span, handlers } }
}
