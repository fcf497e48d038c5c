//! What changed between two configurations, in the parts that a reload may keep or replace one by one.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Server;
use crate::value::NetworkAddress;
use crate::{Apps, Config, http};

/// What happened to something that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// Only the new configuration has it.
    Added,
    /// Only the old configuration has it.
    Removed,
    /// Both have it, with these differences.
    Changed(T),
    /// Both have it, and it is the same.
    Same,
}

/// The differences between two configurations. A part that is `false` is equal in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff<'c> {
    /// The administration endpoint.
    pub admin: bool,
    /// The logs.
    pub logging: bool,
    /// The storage.
    pub storage: bool,
    /// The app `tls`.
    pub tls: bool,
    /// The app `pki`.
    pub pki: bool,
    /// The app `events`.
    pub events: bool,
    /// The app `caddy.filesystems`.
    pub filesystems: bool,
    /// The app `http` apart from its servers: ports, shutdown, metrics.
    pub http: bool,
    /// The servers by name.
    pub servers: BTreeMap<&'c str, Change<ServerDiff>>,
    /// The addresses of all servers, each port of a range for itself; if changed, another server answers there.
    pub listeners: BTreeMap<NetworkAddress, Change<()>>,
    /// Apps registered by an embedding program, by name.
    pub foreign: BTreeMap<&'c str, Change<()>>,
}

/// The differences between two servers of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerDiff {
    /// Addresses, wrappers, protocols, TCP keep-alive: what a socket is opened with.
    pub listeners: bool,
    /// Connection policies, automatic HTTPS, early data.
    pub tls: bool,
    /// Routes, error routes, named routes.
    pub routes: bool,
    /// Access logs.
    pub logs: bool,
    /// Limits, trusted proxies and everything else.
    pub options: bool,
}

impl<'c> Diff<'c> {
    /// Compares two configurations. Addresses that cannot be read are left out: the checks report them.
    pub fn between(old: &'c Config, new: &'c Config) -> Self {
        let (old_apps, new_apps): (&Apps, &Apps) = (&old.apps, &new.apps);
        Self {
            admin: old.admin != new.admin,
            logging: old.logging != new.logging,
            storage: old.storage != new.storage,
            tls: old_apps.tls != new_apps.tls,
            pki: old_apps.pki != new_apps.pki,
            events: old_apps.events != new_apps.events,
            filesystems: old_apps.filesystems != new_apps.filesystems,
            http: options(old) != options(new),
            servers: changes(&servers(old), &servers(new), |old, new| ServerDiff::between(old, new)),
            listeners: changes(&owners(old), &owners(new), |old, new| (old != new).then_some(())),
            foreign: changes(&foreign(old_apps), &foreign(new_apps), |old, new| (old != new).then_some(())),
        }
    }

    /// Whether the configurations are equal.
    pub fn is_empty(&self) -> bool {
        let Self {
            admin,
            logging,
            storage,
            tls,
            pki,
            events,
            filesystems,
            http,
            servers,
            listeners,
            foreign,
        } = self;
        let apps = *tls
            || *pki
            || *events
            || *filesystems
            || *http
            || foreign.values().any(|app| *app != Change::Same);
        let servers = servers.values().any(|server| *server != Change::Same);
        let listeners = listeners.values().any(|listener| *listener != Change::Same);
        !(*admin || *logging || *storage || apps || servers || listeners)
    }
}

impl ServerDiff {
    /// Compares two servers; `None` if they are equal.
    pub fn between(old: &Server, new: &Server) -> Option<Self> {
        // Every field is named, so that a new one does not compile before it is in a group.
        macro_rules! groups {
            ($($group:ident: $($field:ident)*;)*) => {{
                let Server { $($($field: _,)*)* } = new;
                Self { $($group: $(old.$field != new.$field)||*,)* }
            }};
        }
        let diff = groups! {
            listeners: listen listener_wrappers packet_conn_wrappers protocols listen_protocols keepalive_interval
                keepalive_idle keepalive_count enable_webtransport;
            tls: tls_connection_policies automatic_https strict_sni_host allow_0rtt;
            routes: routes errors named_routes;
            logs: logs;
            options: read_timeout read_header_timeout read_idle_timeout read_min_rate write_timeout write_idle_timeout
                write_min_rate max_write_chunk idle_timeout max_header_bytes enable_full_duplex
                expected_underscore_headers expected_dot_headers trusted_proxies client_ip_headers
                trusted_proxies_strict trusted_proxies_unix metrics;
        };
        (diff != Self::default()).then_some(diff)
    }
}

/// The app `http` without its servers.
fn options(config: &Config) -> Option<http::App> {
    let http::App { http_port, https_port, grace_period, shutdown_delay, servers: _, metrics } =
        config.apps.http.as_ref()?;
    Some(http::App {
        http_port: *http_port,
        https_port: *https_port,
        grace_period: *grace_period,
        shutdown_delay: *shutdown_delay,
        servers: BTreeMap::new(),
        metrics: metrics.clone(),
    })
}

fn servers(config: &Config) -> BTreeMap<&str, &Server> {
    let servers = config.apps.http.iter().flat_map(|app| &app.servers);
    servers.map(|(name, server)| (name.as_str(), server)).collect()
}

fn foreign(apps: &Apps) -> BTreeMap<&str, &Value> {
    apps.foreign.iter().map(|(name, app)| (name.as_str(), app)).collect()
}

/// Which server answers at which address.
fn owners(config: &Config) -> BTreeMap<NetworkAddress, &str> {
    let mut owners = BTreeMap::new();
    for (name, server) in servers(config) {
        for range in server.listen.iter().filter_map(|text| NetworkAddress::parse(text).ok()) {
            owners.extend(range.expand().map(|address| (address, name)));
        }
    }
    owners
}

/// What happened to each key; `compare` tells the differences of two values.
fn changes<K: Ord + Clone, V, T>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    compare: impl Fn(&V, &V) -> Option<T>,
) -> BTreeMap<K, Change<T>> {
    let removed = old.keys().filter(|key| !new.contains_key(key)).map(|key| (key.clone(), Change::Removed));
    let kept = new.iter().map(|(key, new)| {
        let change = match old.get(key) {
            None => Change::Added,
            Some(old) => compare(old, new).map_or(Change::Same, Change::Changed),
        };
        (key.clone(), change)
    });
    removed.chain(kept).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Change, Diff, ServerDiff};
    use crate::value::NetworkAddress;
    use crate::{Config, from_value};

    fn config(servers: Value) -> Config {
        from_value(json!({"apps": {"http": {"servers": servers}}})).unwrap()
    }

    #[test]
    fn equal_configurations() {
        let a = config(json!({"s": {"listen": [":80"]}}));
        let diff = Diff::between(&a, &a);
        assert!(diff.is_empty());
        assert_eq!(diff.servers["s"], Change::Same);
        assert_eq!(diff.listeners[&NetworkAddress::parse(":80").unwrap()], Change::Same);
    }

    #[test]
    fn servers_and_listeners() {
        let old = config(json!({"gone": {"listen": [":1", ":3"]}, "kept": {"listen": [":2"]}}));
        let new = config(
            json!({"new": {"listen": [":1"]}, "kept": {"listen": [":2"], "routes": [{"terminal": true}]}}),
        );
        let diff = Diff::between(&old, &new);
        assert!(!diff.is_empty() && !diff.http);
        let routes = ServerDiff { routes: true, ..ServerDiff::default() };
        let servers: Vec<_> = diff.servers.into_iter().collect();
        let expected = [("gone", Change::Removed), ("kept", Change::Changed(routes)), ("new", Change::Added)];
        assert_eq!(servers, expected);
        let listeners: Vec<_> = diff.listeners.into_values().collect();
        assert_eq!(listeners, [Change::Changed(()), Change::Same, Change::Removed]);
    }

    #[test]
    fn groups_of_a_server() {
        let old = config(json!({"s": {}}));
        for (server, expected) in [
            (json!({"protocols": ["h1"]}), ServerDiff { listeners: true, ..ServerDiff::default() }),
            (json!({"strict_sni_host": true}), ServerDiff { tls: true, ..ServerDiff::default() }),
            (json!({"errors": {}}), ServerDiff { routes: true, ..ServerDiff::default() }),
            (json!({"logs": {}}), ServerDiff { logs: true, ..ServerDiff::default() }),
            (json!({"idle_timeout": 1}), ServerDiff { options: true, ..ServerDiff::default() }),
        ] {
            let new = config(json!({"s": server}));
            assert_eq!(Diff::between(&old, &new).servers["s"], Change::Changed(expected));
        }
    }

    #[test]
    fn parts_of_a_configuration() {
        let old = Config::default();
        let diff = |new: Value| {
            let new: Config = from_value(new).unwrap();
            let diff = Diff::between(&old, &new);
            assert!(!diff.is_empty());
            let Diff { admin, logging, storage, tls, pki, events, filesystems, http, .. } = diff;
            [admin, logging, storage, tls, pki, events, filesystems, http].map(u8::from)
        };
        assert_eq!(diff(json!({"admin": {}})), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            diff(json!({"logging": {}, "storage": {"module": "file_system"}})),
            [0, 1, 1, 0, 0, 0, 0, 0]
        );
        assert_eq!(diff(json!({"apps": {"tls": {}, "pki": {}}})), [0, 0, 0, 1, 1, 0, 0, 0]);
        assert_eq!(
            diff(json!({"apps": {"events": {}, "caddy.filesystems": {}, "http": {}}})),
            [0, 0, 0, 0, 0, 1, 1, 1]
        );
    }
}
