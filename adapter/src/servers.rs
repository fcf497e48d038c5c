//! Servers: one from each set of listeners that serve the same sites.

mod connection_policies;
mod logs;
mod named_routes;
mod routes;

use std::collections::BTreeMap;

use caddis_config::http::{AutoHttps, ErrorRoutes, Server};
use caddis_grammar::Span;

use self::{connection_policies::Policies, routes::Routes};
pub(crate) use self::{connection_policies::SharedPolicy, named_routes::NamedRoutes};
use crate::{
    addresses::{Address, specificity},
    cx::Cx,
    errors,
    go_sort::stable_by,
    listeners::Pairing,
    sites::{Block, Site},
    source_map::{Origin, SourceMap, Traced},
};

/// Where the parts of a server come from.
#[derive(Debug)]
pub(crate) struct Origins {
    /// The first address of its first site.
    span: Option<Span>,
    pub(crate) routes: Vec<Origin>,
    pub(crate) errors: Vec<Origin>,
    pub(crate) named_routes: BTreeMap<String, Origin>,
}

/// Builds the servers, called `srv0`, `srv1`, … in the order of the pairings. Sites end up in the order in which they
/// are tried.
pub(crate) fn build(
    cx: &mut Cx<'_>,
    blocks: &mut [Block],
    pairings: &mut [Pairing],
    named: &NamedRoutes,
) -> BTreeMap<String, (Server, Origins)> {
    let mut unfinished = Vec::new();
    let mut uses = vec![0; blocks.len()];
    for site in pairings.iter().flat_map(|pairing| &pairing.sites) {
        uses[site.block] += 1;
    }
    for pairing in pairings.iter_mut() {
        check_ambiguity(cx, pairing);
        sort_sites(&mut pairing.sites);
        unfinished.push(build_one(cx, blocks, &mut uses, pairing, named));
    }
    // Policies are shared between servers that serve parts of one block, so they are final only now.
    let finished = unfinished.into_iter().enumerate().map(|(at, (mut server, origins, policies))| {
        server.tls_connection_policies = policies.into_config();
        (format!("srv{at}"), (server, origins))
    });
    finished.collect()
}

/// Builds one server. `uses` says how many sites of this and later servers are parts of each block.
fn build_one(
    cx: &mut Cx<'_>,
    blocks: &mut [Block],
    uses: &mut [usize],
    pairing: &Pairing,
    named: &NamedRoutes,
) -> (Server, Origins, Policies) {
    let mut server = Server {
        listen: pairing.addresses().map(String::from).collect(),
        listen_protocols: listen_protocols(pairing),
        automatic_https: auto_https_of(cx),
        ..Server::default()
    };
    let named_routes = named.add_to(cx, &mut server, pairing, blocks);
    let mut policies = Policies::new(&server);
    let mut routes = Routes::default();
    logs::begin(&mut server, pairing, blocks);
    for site in &pairing.sites {
        policies.add_site(cx, &mut server, pairing, site, &blocks[site.block]);
        uses[site.block] -= 1;
        routes.add_site(cx, pairing, site, &mut blocks[site.block].pile, uses[site.block] == 0);
        logs::add_site(&mut server, site, &blocks[site.block].pile);
    }
    logs::finish(&mut server);
    check_schemes(cx, &server, pairing, &policies);
    policies.finish(cx);
    let (normal, origins) = Traced::split(crate::routes::consolidate(routes.normal));
    server.routes = normal;
    let mut error_origins = Vec::new();
    if let Some(errors) = routes.errors {
        let (routes, origins) = Traced::split(errors);
        server.errors = Some(ErrorRoutes { routes });
        error_origins = origins;
    }
    let span = pairing.sites.first().map(|site| site.keys[0].token.span);
    (server, Origins { span, routes: origins, errors: error_origins, named_routes }, policies)
}

impl Origins {
    /// Notes the origins of a server under the name that it has in the end.
    pub(crate) fn map(&self, name: &str, server: &Server, map: &mut SourceMap) {
        let pointer = format!("/apps/http/servers/{name}");
        if let Some(span) = self.span {
            map.insert(pointer.as_str(), span);
        }
        map.insert_routes(&format!("{pointer}/routes"), &server.routes, &self.routes);
        if let Some(errors) = &server.errors {
            map.insert_routes(&format!("{pointer}/errors/routes"), &errors.routes, &self.errors);
        }
        for (name, origin) in &self.named_routes {
            if let Some(route) = server.named_routes.get(name) {
                map.insert_route(&format!("{pointer}/named_routes/{name}"), route, origin);
            }
        }
    }
}

/// The same address in two blocks: only the first would ever be reached.
fn check_ambiguity(cx: &mut Cx<'_>, pairing: &Pairing) {
    let mut seen: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for (at, site) in pairing.sites.iter().enumerate() {
        for key in &site.keys {
            let (first, span) = *seen.entry(&key.token.text).or_insert((at, key.token.span));
            if first != at {
                cx.report(errors::sites::ambiguous_site(&key.token, span));
            }
        }
    }
}

/// The protocols of each listener, or nothing where all have the default.
fn listen_protocols(pairing: &Pairing) -> Vec<Option<Vec<String>>> {
    let of_listener = |(_, protocols): &(String, Vec<String>)| {
        protocols.iter().any(|protocol| !protocol.is_empty()).then(|| protocols.clone())
    };
    let all: Vec<_> = pairing.listeners.iter().map(of_listener).collect();
    if all.iter().all(Option::is_none) { Vec::new() } else { all }
}

fn auto_https_of(cx: &Cx<'_>) -> Option<AutoHttps> {
    let flags = &cx.options.auto_https;
    flags.any().then(|| AutoHttps {
        disable: flags.off,
        disable_redirects: flags.disable_redirects,
        disable_certificates: flags.disable_certs,
        ignore_loaded_certificates: flags.ignore_loaded_certs,
        ..AutoHttps::default()
    })
}

/// Puts specific sites before general ones, because the first that matches is the only one that is run.
fn sort_sites(sites: &mut [Site]) {
    stable_by(sites, |a, b| {
        let (host_a, host_b) = (longest(a, |address| &address.host), longest(b, |address| &address.host));
        if specificity(host_a) == 0 {
            return false;
        }
        if specificity(host_b) == 0 {
            return true;
        }
        let (wild_a, wild_b) = (has_wildcard(a), has_wildcard(b));
        if wild_a != wild_b {
            return wild_b;
        }
        if specificity(host_a) == specificity(host_b) {
            let (path_a, path_b) = (longest(a, |address| &address.path), longest(b, |address| &address.path));
            return path_a.len() > path_b.len();
        }
        specificity(host_a) > specificity(host_b)
    });
}

/// The first of the most specific hosts or paths.
fn longest(site: &Site, part: impl Fn(&Address) -> &String) -> &str {
    let mut longest = "";
    for text in site.addresses().map(part) {
        if specificity(text) > specificity(longest) {
            longest = text;
        }
    }
    longest
}

fn has_wildcard(site: &Site) -> bool {
    site.addresses().any(|address| address.host.is_empty() || address.host.contains('*'))
}

/// A server speaks either HTTP or HTTPS.
fn check_schemes(cx: &mut Cx<'_>, server: &Server, pairing: &Pairing, policies: &Policies) {
    #[derive(PartialEq)]
    enum Speaks {
        Http,
        Https,
    }
    let (http_port, https_port) = (cx.options.http_port().to_string(), cx.options.https_port().to_string());
    let listen = format!("[{}]", server.listen.join(" "));
    let mut speaks = None;
    for key in pairing.sites.iter().flat_map(|site| &site.keys) {
        let address = &key.address;
        let wants = if address.scheme == "http" || address.port == http_port {
            Speaks::Http
        } else if address.scheme == "https" || address.port == https_port || !policies.is_empty() {
            Speaks::Https
        } else if address.host.is_empty() {
            Speaks::Http
        } else {
            continue;
        };
        let (configured, other) = match (&speaks, &wants) {
            (Some(Speaks::Https), Speaks::Http) => ("HTTPS", true),
            (Some(Speaks::Http), Speaks::Https) => ("HTTP", true),
            _ => ("", false),
        };
        if other {
            let mut message = format!(
                "server listening on {listen} is configured for {configured} and cannot natively multiplex HTTP \
                 and HTTPS: {}",
                address.original
            );
            if configured == "HTTPS" && address.scheme.is_empty() && address.host.is_empty() {
                message.push_str(" (try specifying https:// in the address)");
            }
            cx.report(errors::sites::scheme_conflict(&key.token, message));
            return;
        }
        if wants == Speaks::Http && !policies.is_empty() {
            let message = format!(
                "server listening on {listen} is HTTP, but attempts to configure TLS connection policies"
            );
            cx.report(errors::sites::scheme_conflict(&key.token, message));
            return;
        }
        speaks = Some(wants);
    }
}
