//! Routes of a server: a site's matchers on host and path around the routes of its directives.

use caddis_config::http::{
    Handler, Matcher, MatcherSet, Route,
    handlers::Subroute,
    matchers::{Host, Path},
};

use crate::{
    cx::Cx,
    go_sort::stable_by,
    listeners::Pairing,
    sites::{Pile, Site},
    source_map::Traced,
};

/// The routes of a server while it is built.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) normal: Vec<Traced>,
    /// `None` as long as no site has routes for errors.
    pub(super) errors: Option<Vec<Traced>>,
}

impl Routes {
    /// Adds the routes of one site and its routes for errors.
    ///
    /// The last server that serves a block takes the block's routes; those before get copies.
    pub(super) fn add_site(
        &mut self,
        cx: &mut Cx<'_>,
        pairing: &Pairing,
        site: &Site,
        pile: &mut Pile,
        last: bool,
    ) {
        let matchers = matcher_sets(site);
        cx.order_routes(&mut pile.routes, true);
        let placed = if last { std::mem::take(&mut pile.routes) } else { pile.routes.clone() };
        let routes = cx.build_routes(placed);
        append(&mut self.normal, routes, &matchers, pairing, site);
        if pile.error_routes.is_empty() {
            return;
        }
        // Caddy's comparator: routes that match every error go last, and each run of the others is reversed.
        stable_by(&mut pile.error_routes, |a, b| !a.route.matchers.is_empty() || b.route.matchers.is_empty());
        let errors = self.errors.get_or_insert_default();
        append(errors, pile.error_routes.clone(), &matchers, pairing, site);
    }
}

/// Appends a site's routes, wrapped so that no other site is tried after it.
fn append(
    routes: &mut Vec<Traced>,
    of_site: Vec<Traced>,
    matchers: &[MatcherSet],
    pairing: &Pairing,
    site: &Site,
) {
    if matchers.is_empty() && of_site.is_empty() {
        return;
    }
    // The only site of a server needs no wrapper, unless a host matcher inside would become one at the top, where it
    // would ask for certificates.
    let has_host = |traced: &Traced| traced.route.matchers.iter().any(|set| set.get("host").is_some());
    if matchers.is_empty() && pairing.sites.len() == 1 && !of_site.iter().any(has_host) {
        routes.extend(of_site);
        return;
    }
    let (of_site, origins) = Traced::split(of_site);
    let handle = if of_site.is_empty() {
        Vec::new()
    } else {
        vec![Handler::from(Subroute { routes: of_site, ..Subroute::default() })]
    };
    let route = Route { matchers: matchers.to_vec(), handle, terminal: true, ..Route::default() };
    routes.push(Traced::new(route, site.keys[0].token.span, vec![origins]));
}

/// The matchers of a site: its hosts grouped by path. From the first address without a host on, hosts do not count.
fn matcher_sets(site: &Site) -> Vec<MatcherSet> {
    struct Group<'a> {
        path: &'a str,
        hosts: Vec<String>,
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut all_hosts = false;
    for address in site.addresses() {
        let at = match groups.iter().position(|group| group.path == address.path) {
            Some(at) => at,
            None => {
                groups.push(Group { path: &address.path, hosts: Vec::new() });
                groups.len() - 1
            }
        };
        let hosts = &mut groups[at].hosts;
        if address.host.is_empty() && !all_hosts {
            hosts.clear();
            all_hosts = true;
        }
        if !all_hosts && !hosts.contains(&address.host) {
            hosts.push(address.host.clone());
        }
    }
    let mut sets = Vec::new();
    for group in groups {
        let mut set = MatcherSet::default();
        if !group.hosts.is_empty() {
            set.insert(Matcher::from(Host(group.hosts)));
        }
        if !group.path.is_empty() {
            set.insert(Matcher::from(Path(vec![group.path.to_owned()])));
        }
        if !set.is_empty() {
            sets.push(set);
        }
    }
    sets
}
