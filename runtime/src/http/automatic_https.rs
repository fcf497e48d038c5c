//! Automatic HTTPS: what a configuration means without saying it. A pure step from one configuration to another, taken
//! before anything is built.
//!
//! Servers that have host names get TLS, their names get certificates, and plain HTTP is redirected to them: by routes
//! in a server that already listens on the HTTP port, or by a server of our own.

mod redirects;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use caddis_config::{
    http::{App, AutoHttps, Matcher, Server, ServerLogs},
    tls::ConnectionPolicy,
};

use self::redirects::Redirects;
use crate::{
    build::{Build, BuildError},
    listen::address::{Address, AddressError, Listen},
    logging::Logger,
    placeholder::Template,
    tls::names,
};

/// The name of the server that redirects where no server of the configuration can.
pub(crate) const REDIRECT_SERVER: &str = "remaining_auto_https_redirects";

/// What the configuration means.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The app with everything that was not said.
    pub(crate) app: App,
    /// Names for which certificates are managed.
    pub(crate) names: BTreeSet<String>,
    pub(crate) ports: Ports,
    /// Places of routes that were put between those of the configuration, by server.
    pub(crate) added: BTreeMap<String, Range<usize>>,
}

impl Plan {
    /// An app that means what it says.
    pub(crate) fn nothing(app: App) -> Self {
        Self { names: BTreeSet::new(), ports: Ports::of(&app), added: BTreeMap::new(), app }
    }
}

/// The two ports that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) https: u16,
}

impl Ports {
    fn of(app: &App) -> Self {
        let or = |port: i64, default| u16::try_from(port).ok().filter(|port| *port > 0).unwrap_or(default);
        Self { http: or(app.http_port, 80), https: or(app.https_port, 443) }
    }
}

/// An address of a server that is none, or none to listen on.
#[derive(Debug)]
pub(crate) struct BadAddress {
    pub(crate) server: String,
    /// Its place in the `listen` list.
    pub(crate) number: usize,
    pub(crate) error: AddressError,
}

/// Fills in the placeholders of addresses and of hosts, as far as they are known before any request.
///
/// # Errors
/// When an address depends on a request.
pub(crate) fn fill(app: &App, cx: &mut Build) -> Result<App, BuildError> {
    let mut app = app.clone();
    let known =
        |text: &str, cx: &Build| Template::known(text, cx).map(|text| text.constant().map(str::to_owned));
    cx.at("servers", |cx| {
        for (name, server) in &mut app.servers {
            for address in &mut server.listen {
                let fill = |cx: &mut Build| {
                    let otherwise = format!("listener address '{address}' cannot depend on a request");
                    Template::known(address, cx)?.fixed(cx, otherwise).map(str::to_owned)
                };
                let filled = cx.at(name, |cx| cx.at("listen", fill));
                // What a survey cannot know may be any port.
                *address = cx.unless_survey(filled)?.unwrap_or_else(|| ":0".to_owned());
            }
            let sets = server.routes.iter_mut().flat_map(|route| &mut route.matchers);
            for host in sets.filter_map(|set| set.get_mut("host")) {
                let Matcher::Host(hosts) = host else { continue };
                for host in hosts.0.iter_mut().filter(|host| host.contains('{')) {
                    if let Some(filled) = cx.at(name, |cx| known(host, cx))? {
                        *host = filled;
                    }
                }
            }
        }
        Ok(app)
    })
}

/// Completes the app. Placeholders in addresses and hosts have been filled in already; `is_loaded` says whether the
/// configuration brings a certificate that covers a name.
///
/// # Errors
/// When an address of a server is none.
pub(crate) fn plan(app: &App, is_loaded: impl Fn(&str) -> bool, logger: &Logger) -> Result<Plan, BadAddress> {
    let ports = Ports::of(app);
    let mut plan = Plan::nothing(app.clone());
    let mut redirects = Redirects::default();
    let mut logs = None;
    for (name, server) in &mut plan.app.servers {
        if server.listen.is_empty() {
            server.listen.push(format!(":{}", ports.https));
        }
        let addresses = addresses(server).map_err(|(number, error)| BadAddress {
            server: name.clone(),
            number,
            error,
        })?;
        let settings = server.automatic_https.clone().unwrap_or_default();
        if settings.disable || addresses.iter().all(|address| address.port == ports.http) {
            continue;
        }
        let domains: BTreeSet<String> = hosts(server).filter(|host| !settings.skip.contains(host)).collect();
        let only_https = addresses.iter().all(|address| address.port == ports.https);
        if domains.is_empty() && server.tls_connection_policies.is_empty() && !only_https {
            continue;
        }
        if server.tls_connection_policies.is_empty() {
            server.tls_connection_policies.push(ConnectionPolicy::default());
        }
        logs = server.logs.clone().or(logs);
        plan.names.extend(managed(&domains, &settings, &is_loaded, name, logger));
        if !settings.disable_redirects {
            redirects.record(&domains, &addresses, ports);
        }
    }
    place(redirects, logs, &mut plan);
    Ok(plan)
}

/// Every address that a server listens on.
fn addresses(server: &Server) -> Result<Vec<Address>, (usize, AddressError)> {
    let mut addresses = Vec::new();
    for (number, text) in server.listen.iter().enumerate() {
        addresses.extend(Listen::parse(text, 0).map_err(|error| (number, error))?.addresses);
    }
    Ok(addresses)
}

/// The hosts that the routes of a server ask for, on the first level.
fn hosts(server: &Server) -> impl Iterator<Item = String> + '_ {
    let sets = server.routes.iter().flat_map(|route| &route.matchers);
    let matchers = sets.flat_map(caddis_config::ModuleMap::iter);
    matchers.flat_map(|matcher| match matcher {
        Matcher::Host(host) => host.0.clone(),
        _ => Vec::new(),
    })
}

fn managed(
    domains: &BTreeSet<String>,
    settings: &AutoHttps,
    is_loaded: &impl Fn(&str) -> bool,
    server: &str,
    logger: &Logger,
) -> Vec<String> {
    if settings.disable_certificates {
        return Vec::new();
    }
    let wanted = |domain: &&String| {
        names::qualifies(domain)
            && !settings.skip_certificates.contains(domain)
            && (settings.ignore_loaded_certificates || !is_loaded(domain))
    };
    let wanted: Vec<String> = domains.iter().filter(wanted).cloned().collect();
    for domain in wanted.iter().filter(|domain| domain.starts_with("*.") && domain.matches('.').count() == 1)
    {
        logger.warn("most clients do not trust second-level wildcard certificates (*.tld)", |fields| {
            fields.add("domain", domain.as_str()).add("server_name", server);
        });
    }
    wanted
}

/// Puts the redirects into servers that listen where they belong, and the rest into a server of its own.
fn place(redirects: Redirects, logs: Option<ServerLogs>, plan: &mut Plan) {
    let Ports { http, https } = plan.ports;
    let mut rest: BTreeMap<Address, Vec<_>> = BTreeMap::new();
    for (address, routes) in redirects.routes(plan.ports) {
        match plan.app.servers.iter_mut().find(|(_, server)| listens_on(server, &address)) {
            None => {
                rest.insert(address, routes);
            }
            Some((name, server)) => {
                // After the last route that asks for a host, before routes for everything.
                let after =
                    server.routes.iter().rposition(redirects::asks_for_host).map_or(0, |last| last + 1);
                if !plan.names.is_empty() {
                    plan.added.entry(name.clone()).or_insert(after..after).end += routes.len();
                    server.routes.splice(after..after, routes);
                }
                server.routes.push(redirects::route(https, &[], plan.ports));
            }
        }
    }
    if rest.is_empty() {
        return;
    }
    let listen = rest.keys().map(ToString::to_string).collect();
    let mut routes: Vec<_> = rest.into_values().flatten().collect();
    routes.push(redirects::route(https, &[], Ports { http, https }));
    let server = Server { listen, routes, logs, ..Server::default() };
    plan.app.servers.insert(REDIRECT_SERVER.to_owned(), server);
}

/// Whether a server has a socket that collides with this address, as Linux sees it: every interface collides with each.
fn listens_on(server: &Server, wanted: &Address) -> bool {
    let Ok(addresses) = addresses(server) else { return false };
    addresses.iter().any(|address| {
        address.network == wanted.network
            && address.port == wanted.port
            && (address.host == wanted.host || address.host.is_empty() || wanted.host.is_empty())
    })
}

#[cfg(test)]
mod tests;
