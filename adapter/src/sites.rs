//! Sites: reading a block's addresses and directives, and filing what the directives yield.

use std::{collections::BTreeSet, rc::Rc};

use caddis_config::pki::Authority;
use caddis_grammar::{BlockKind, ServerBlock, SourceId, Span, Statement, Token};

use crate::{
    addresses::Address,
    cx::Cx,
    directive::Item,
    directives::{log::SiteLog, tls::SiteTls},
    errors,
    listeners::Bind,
    placeholders,
    registry::Unknown,
    routes::Placed,
    servers::SharedPolicy,
    source_map::Traced,
};

/// One block with its addresses read and its directives filed.
#[derive(Debug)]
pub(crate) struct Block {
    /// The addresses that could be read.
    pub(crate) keys: Vec<Key>,
    /// What the directives yielded.
    pub(crate) pile: Pile,
}

/// An address of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    /// As it was written.
    pub(crate) token: Token,
    /// Its parts. Each listener of the site has a copy of the key.
    pub(crate) address: Rc<Address>,
}

/// What the directives of one block yielded, by kind, in source order.
#[derive(Debug, Default)]
pub(crate) struct Pile {
    /// Routes by directive.
    pub(crate) routes: Vec<Placed>,
    /// Routes for errors.
    pub(crate) error_routes: Vec<Traced>,
    /// Listeners.
    pub(crate) binds: Vec<Bind>,
    /// Access logs.
    pub(crate) logs: Vec<SiteLog>,
    /// TLS settings.
    pub(crate) tls: Vec<SiteTls>,
    /// The connection policy of each `tls` line.
    pub(crate) policies: Vec<SharedPolicy>,
    /// Named routes that are invoked.
    pub(crate) invoked: Vec<(String, Span)>,
    /// Certificate authorities by ID.
    pub(crate) authorities: Vec<(String, Authority)>,
}

/// The keys of a block that one listener serves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Site {
    /// Which block, as an index.
    pub(crate) block: usize,
    /// Some or all of its keys.
    pub(crate) keys: Vec<Key>,
}

/// Rejects keys that cannot be addresses.
pub(crate) fn check_keys(cx: &mut Cx<'_>, blocks: &[ServerBlock]) {
    for block in blocks {
        for (at, key) in block.keys.iter().enumerate() {
            if at == 0 && key.text.starts_with('@') {
                cx.report(errors::sites::matcher_outside_site(key));
            }
            if cx.registry.directive(&key.text).is_some() {
                cx.report(errors::sites::directive_as_address(key));
            }
        }
    }
}

/// Reads a block of sites.
pub(crate) fn read(cx: &mut Cx<'_>, mut block: ServerBlock) -> Block {
    placeholders::expand_all(&mut block.statements);
    if block.kind != BlockKind::Site || block.keys.is_empty() {
        cx.report(errors::sites::without_address(&block));
    }
    let mut keys = Vec::new();
    for token in &block.keys {
        cx.at(token, |cx| match Address::parse(&token.text) {
            Ok(address) => {
                warn_about(cx, token, &address);
                keys.push(Key { token: token.clone(), address: Rc::new(address) });
            }
            Err(reason) => cx.report(errors::sites::bad_address(token, &reason)),
        });
    }
    let hosts = keys.iter().map(|key| key.address.host.clone());
    let may_be_any = |key: &Key| key.address.host.is_empty() || cx.sources.has_variable(key.token.span);
    let serves_all = keys.len() < block.keys.len() || keys.iter().any(may_be_any);
    cx.state.hosts = if serves_all { Vec::new() } else { hosts.collect() };
    cx.enter_block(&block.statements);
    let (placed, unknown) = cx.read_directives(&block.statements);
    for statement in unknown {
        let finding = errors::unknown_directive(cx, statement.name(), block.has_braces);
        let finding = cx.unless_skipped(finding, Unknown::SkipAll);
        cx.at(statement.name(), |cx| cx.report(finding));
    }
    cx.leave_block();
    let mut pile = Pile { invoked: std::mem::take(&mut cx.state.invoked), ..Pile::default() };
    for placed in placed {
        pile.file(placed);
    }
    Block { keys, pile }
}

fn warn_about(cx: &mut Cx<'_>, token: &Token, address: &Address) {
    if !address.path.is_empty() {
        cx.report(errors::sites::path_in_address(token));
    }
    if address.host == "0.0.0.0" || address.host == "::" {
        cx.report(errors::sites::unspecified_host(token));
    }
}

impl Pile {
    fn file(&mut self, placed: Placed) {
        match placed.item {
            Item::Route(_) | Item::Routes(_) => self.routes.push(placed),
            Item::ErrorRoute(route) => {
                self.error_routes.push(Traced::new(route, placed.span, placed.nested));
            }
            Item::Bind(bind) => self.binds.push(bind),
            Item::Log(log) => self.logs.push(*log),
            Item::Tls(tls) => {
                self.policies.push(SharedPolicy::new(tls.policy.clone(), Some(placed.span)));
                self.tls.push(*tls);
            }
            Item::CertificateAuthority(id, authority) => self.authorities.push((id, *authority)),
        }
    }

    /// Whether any `tls` line has this property.
    pub(crate) fn any_tls(&self, property: impl Fn(&SiteTls) -> bool) -> bool {
        self.tls.iter().any(property)
    }
}

impl Site {
    /// The addresses.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.keys.iter().map(|key| &*key.address)
    }

    /// The hosts, sorted and unique; none if any address is without one, because then all hosts are meant.
    pub(crate) fn hosts(&self) -> Vec<String> {
        if self.has_hostless_key() {
            return Vec::new();
        }
        let hosts: BTreeSet<&str> = self.addresses().map(|address| address.host.as_str()).collect();
        hosts.into_iter().map(String::from).collect()
    }

    /// Whether an address is without a host.
    pub(crate) fn has_hostless_key(&self) -> bool {
        self.addresses().any(|address| address.host.is_empty())
    }
}

impl Cx<'_> {
    /// Prepares for reading the statements of a top-level block.
    pub(crate) fn enter_block(&mut self, statements: &[Statement]) {
        let mut sources = Vec::new();
        collect_sources(statements, &mut sources);
        let names: BTreeSet<_> = sources.into_iter().map(|id| &self.sources.get(id).name).collect();
        self.caddyfiles = names.into_iter().cloned().collect();
        self.matchers.enter();
    }

    /// Ends the scope of the block's matchers.
    pub(crate) fn leave_block(&mut self) {
        let unused = self.matchers.leave();
        self.diagnostics.extend(unused);
    }
}

/// The texts that the statements come from. Neighbours mostly come from the same one.
fn collect_sources(statements: &[Statement], sources: &mut Vec<SourceId>) {
    for statement in statements {
        for word in &statement.words {
            let source = word.span.source;
            if sources.last() != Some(&source) && !sources.contains(&source) {
                sources.push(source);
            }
        }
        collect_sources(statement.children(), sources);
    }
}
