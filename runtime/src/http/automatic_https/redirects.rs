//! Redirects from plain HTTP to HTTPS.

use std::collections::{BTreeMap, BTreeSet};

use caddis_config::{
    WeakString,
    http::{
        Matcher, Route,
        handlers::StaticResponse,
        matchers::{Host, Protocol},
    },
};

use super::Ports;
use crate::listen::address::{Address, Network};

/// Where each host is served over HTTPS; the empty host stands for any.
#[derive(Debug, Default)]
pub(super) struct Redirects(BTreeMap<String, Vec<Address>>);

impl Redirects {
    /// Notes that these hosts are served at these addresses.
    pub(super) fn record(&mut self, hosts: &BTreeSet<String>, addresses: &[Address], ports: Ports) {
        let any = BTreeSet::from([String::new()]);
        let hosts = if hosts.is_empty() { &any } else { hosts };
        for address in addresses.iter().filter(|address| address.network != Network::Unix) {
            for host in hosts {
                self.record_one(host, address, ports);
            }
        }
    }

    /// A host is redirected to one port. The HTTPS port is preferred to others, otherwise the first one counts; all
    /// interfaces that serve this port are kept.
    fn record_one(&mut self, host: &str, address: &Address, ports: Ports) {
        let known = self.0.entry(host.to_owned()).or_default();
        match known.first() {
            Some(first) if first.port != address.port => {
                if address.port == ports.https {
                    *known = vec![address.clone()];
                }
            }
            _ if known.contains(address) => {}
            _ => known.push(address.clone()),
        }
    }

    /// The routes for each address on the HTTP port, exact hosts before wildcards before any host.
    pub(super) fn routes(self, ports: Ports) -> BTreeMap<Address, Vec<Route>> {
        let mut hosts_by_address: BTreeMap<Address, Vec<String>> = BTreeMap::new();
        for (host, addresses) in self.0 {
            for address in addresses {
                hosts_by_address.entry(address).or_default().push(host.clone());
            }
        }
        let mut found: BTreeMap<Address, Vec<(String, Route)>> = BTreeMap::new();
        for (address, mut hosts) in hosts_by_address {
            hosts.sort_by_key(|host| specificity(host));
            let first = hosts.first().cloned().unwrap_or_default();
            let hosts: &[String] = if hosts == [String::new()] { &[] } else { &hosts };
            let redirect = route(address.port, hosts, ports);
            let from = Address { port: ports.http, ..address };
            found.entry(from).or_default().push((first, redirect));
        }
        found
            .into_iter()
            .map(|(address, mut routes)| {
                routes.sort_by_key(|(first, _)| specificity(first));
                (address, routes.into_iter().map(|(_, route)| route).collect())
            })
            .collect()
    }
}

/// Sorts exact hosts before wildcards before any host, longer before shorter.
fn specificity(host: &str) -> (bool, bool, std::cmp::Reverse<usize>, String) {
    (host.is_empty(), host.contains('*'), std::cmp::Reverse(host.len()), host.to_owned())
}

/// Redirects plain requests for these hosts, or for any host, to a port.
pub(super) fn route(port: u16, hosts: &[String], ports: Ports) -> Route {
    let mut matchers = vec![Matcher::from(Protocol("http".to_owned()))];
    if !hosts.is_empty() {
        matchers.push(Host(hosts.to_vec()).into());
    }
    // The standard port, and the one that this server takes for it, go without saying.
    let named = ![80, 443, ports.http, ports.https].contains(&port);
    let port = if named { format!(":{port}") } else { String::new() };
    let location = format!("https://{{http.request.host}}{port}{{http.request.uri}}");
    let response = StaticResponse {
        status_code: WeakString("308".to_owned()),
        headers: [("Location".to_owned(), vec![location])].into(),
        close: true,
        ..StaticResponse::default()
    };
    Route {
        matchers: vec![matchers.into_iter().collect()],
        handle: vec![response.into()],
        ..Route::default()
    }
}

/// Whether a route asks for a host.
pub(super) fn asks_for_host(route: &Route) -> bool {
    route.matchers.iter().any(|set| set.iter().any(|matcher| matches!(matcher, Matcher::Host(_))))
}
